import { once } from 'node:events';
import { mkdir, rm, writeFile, chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PemPair, Upload } from '../../../lib/release/upload.ts';
import type { Machine, Result } from '../../distributions/support/machine.ts';
import { untilHolds } from '../../gateway/support/waiting.ts';
import { serverName } from './release.ts';

export const kit = '/var/lib/hardening';
export const gatewayUnit = 'hardening-gateway.service';

let uploads = 0;

/** Puts an upload onto a machine as a deployment does; returns its folder there. `change` gets the folder's path on the host. */
export async function bring(
  machine: Machine,
  upload: Upload,
  change?: (folder: string) => Promise<unknown>,
): Promise<string> {
  const folder = `${kit}/incoming/${String(++uploads)}`;
  await machine.output(['install', '-d', '-m', '711', kit]);
  await machine.output(['install', '-d', '-m', '700', `${kit}/incoming`, folder]);
  for (const [path, { content, mode }] of upload.files) {
    const file = join(machine.hostPath(folder), path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, mode);
  }
  await change?.(machine.hostPath(folder));
  return folder;
}

/** The command that puts an uploaded folder in force. */
export function activation(folder: string, environment: Readonly<Record<string, string>> = {}): string[] {
  const variables = Object.entries({ HARDENING_HEALTH_SECONDS: '3', ...environment });
  return [
    'env',
    ...variables.map(([name, value]) => `${name}=${value}`),
    'sh',
    `${folder}/programs/activate.sh`,
  ];
}

/** Brings an upload and puts it in force. */
export async function activate(
  machine: Machine,
  upload: Upload,
  environment: Readonly<Record<string, string>> = {},
): Promise<Result> {
  return machine.run(activation(await bring(machine, upload), environment));
}

/** The hash of the release in force; empty where there is none. */
export async function current(machine: Machine): Promise<string> {
  const { stdout } = await machine.run(['readlink', `${kit}/current`]);
  return stdout.trim().replace(/^releases\//, '');
}

export const releaseCommand = (...parameters: string[]): string[] => [
  ...['env', 'HARDENING_HEALTH_SECONDS=3', '/usr/local/sbin/hardening-release'],
  ...parameters,
];

/** The processes of nginx: their start is part of their name, so that another process is another one. */
export async function nginxProcesses(machine: Machine): Promise<string[]> {
  const main = (await machine.output(['systemctl', 'show', '--value', '-p', 'MainPID', gatewayUnit])).trim();
  if (main === '0') return [];
  const workers = await machine.output(['cat', `/proc/${main}/task/${main}/children`]);
  return [main, ...workers.trim().split(' ')];
}

/** Puts a client's files into root's home of a machine. */
export async function bringClient(machine: Machine, name: string, pair: PemPair, ca: string): Promise<void> {
  await machine.write(`/root/${name}.crt`, pair.certificate);
  await machine.write(`/root/${name}.key`, pair.key, 0o600);
  await machine.write('/root/ca.crt', ca);
}

/** The status of a client's call through the gateway; 0 where nobody answers. */
export async function call(
  machine: Machine,
  client?: string,
  path = '/ollama/api/tags',
  more: readonly string[] = [],
): Promise<number> {
  const certificate =
    client === undefined ? [] : ['--cert', `/root/${client}.crt`, '--key', `/root/${client}.key`];
  const { stdout } = await machine.run([
    ...['curl', '-q', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--max-time', '10'],
    ...['--cacert', '/root/ca.crt', '--resolve', `${serverName}:443:127.0.0.1`, ...certificate],
    ...more,
    `https://${serverName}${path}`,
  ]);
  return Number(stdout);
}

/** A text that is being generated. */
export interface Stream {
  /** What has come of it. */
  text(): string;
  /** Settles with curl's exit code when it has ended. */
  readonly ended: Promise<number | null>;
}

/** Starts a text, for ci unless told, and waits until it has begun. */
export async function startStream(machine: Machine, client = 'ci'): Promise<Stream> {
  const curl = machine.start([
    ...['curl', '-q', '--silent', '--no-buffer', '--cacert', '/root/ca.crt'],
    ...[
      '--cert',
      `/root/${client}.crt`,
      '--key',
      `/root/${client}.key`,
      '--resolve',
      `${serverName}:443:127.0.0.1`,
    ],
    ...['--header', 'Content-Type: application/json', '--data', '{"model":"any","prompt":"any"}'],
    `https://${serverName}/ollama/api/generate`,
  ]);
  let text = '';
  curl.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const ended = once(curl, 'close').then(([status]) => status as number | null);
  await untilHolds(() => text.includes('begun'), 'the stream');
  return { text: () => text, ended };
}

/** Removes a folder of the host, for tests that spoil an upload. */
export const remove = (path: string): Promise<void> => rm(path, { recursive: true });
