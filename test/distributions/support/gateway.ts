import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../../../lib/config/parse.ts';
import { machinePaths } from '../../../lib/model/placement.ts';
import { resolve } from '../../../lib/model/resolve.ts';
import type { Distribution } from '../../../lib/model/platform.ts';
import { ensurePki, type Pki } from '../../../lib/pki/inventory.ts';
import type { FileTree } from '../../../lib/render/file-tree.ts';
import { render } from '../../../lib/render/render.ts';
import { loadTemplates } from '../../../lib/render/templates.ts';
import { templatesUnderTest, type StackInput } from '../../support/test-gateway.ts';
import type { Machine, Result } from './machine.ts';
import { only, readUnit } from './unit-file.ts';

export const serverName = 'models.example.com';
const stackName = 'trial';

/** Sections of a configuration beside the target, the names and the services. */
export type MoreSections = Partial<StackInput>;

/** The upstream of most tests listens on the machine's loopback. */
const overLoopback: MoreSections = { ollama: { isolation: 'loopback' } };

/** The files for a distribution and its machine, as `hardening render` makes them: nothing of a sandbox is in them. */
export function machineTree(
  distribution: Distribution,
  services: readonly string[],
  more: MoreSections = overLoopback,
): FileTree {
  return render(
    resolve(stackName, stackFor(distribution, services, more)),
    loadTemplates(templatesUnderTest),
  );
}

function stackFor(
  distribution: Distribution,
  services: readonly string[],
  more: MoreSections,
): NonNullable<ReturnType<typeof parseConfig>['stacks'][string]> {
  const input: StackInput = {
    gateway: { serverNames: [serverName] },
    services: Object.fromEntries(services.map((name) => [name, {}])),
    ...more,
    target: { distribution, ...more.target },
  };
  const stack = parseConfig({ stacks: { [stackName]: input } }, 'test').stacks[stackName];
  if (stack === undefined) throw new Error('the stack is gone');
  return stack;
}

/** The services of every machine: one that stays and one that is taken out. */
export const services = ['ci', 'leaver'];

/** Where a machine has the files of a client for curl and openssl. */
export const clientFile = (name: string, kind: 'crt' | 'key'): string => `/root/clients/${name}.${kind}`;

/** What was put onto a machine. */
export interface Installed {
  readonly tree: FileTree;
  /** Paths on the host. */
  readonly pki: Pki;
}

/**
 * Puts onto a machine what the gateway needs: the rendered tree as it will be there, the server's certificate, the
 * gateway's user. Clients' certificates go to root's home: one for each service, and `foreign`, which has the name of
 * the first and another CA.
 *
 * @param pkiFolder where on the host the certificates are made
 * @param more further sections; by default Ollama is reached over loopback
 */
export async function installGateway(
  machine: Machine,
  distribution: Distribution,
  pkiFolder: string,
  more: MoreSections = overLoopback,
): Promise<Installed> {
  const tree = machineTree(distribution, services, more);
  const user = only(readUnit(textOf(tree, unitPath))('User'));
  await machine.output(['useradd', '--system', '--user-group', '--no-create-home', user]);
  await writeTree(machine, tree);

  const wanted = resolve(stackName, stackFor(distribution, services, more)).certificates;
  const pki = await ensurePki(join(pkiFolder, 'own'), wanted);
  const foreign = await ensurePki(join(pkiFolder, 'foreign'), wanted);
  const copy = async (from: string, to: string, mode: number): Promise<void> =>
    machine.write(to, await readFile(from, 'utf8'), mode);
  await copy(pki.ca.certificate, machinePaths.clientCa, 0o644);
  await copy(pki.ca.crl ?? '', machinePaths.clientCrl ?? '', 0o644);
  await copy(pki.server.certificate, machinePaths.serverCertificate, 0o644);
  await copy(pki.server.key, machinePaths.serverKey, 0o640);
  await machine.output(['chown', `root:${user}`, machinePaths.serverKey]);
  const clients = [
    ...pki.clients.map((files) => ({ ...files, name: files.service })),
    ...foreign.clients.slice(0, 1).map((files) => ({ ...files, name: 'foreign' })),
  ];
  for (const { name, certificate, key } of clients) {
    await copy(certificate, clientFile(name, 'crt'), 0o644);
    await copy(key, clientFile(name, 'key'), 0o600);
  }
  return { tree, pki };
}

/** Writes a tree to a machine: where it belongs, or below a folder. */
export async function writeTree(machine: Machine, tree: FileTree, below = ''): Promise<void> {
  for (const [path, { content, mode }] of tree) await machine.write(`${below}/${path}`, content, mode);
}

export const unitPath = 'etc/systemd/system/hardening-gateway.service';

export function textOf(tree: FileTree, path: string): string {
  const file = tree.get(path);
  if (file === undefined) throw new Error(`the tree has no ${path}`);
  return file.content;
}

/** A call with the distribution's own curl; `service` undefined: without a certificate. */
export interface Call {
  readonly service?: string;
  readonly protocol?: '--http1.1' | '--http2';
  readonly path?: string;
  /** Further parameters of curl. */
  readonly more?: readonly string[];
  readonly input?: string;
}

export interface CurlAnswer {
  readonly status: number;
  /** As curl names it: `1.1` or `2`. */
  readonly version: string;
  readonly body: string;
}

export async function curl(machine: Machine, call: Call): Promise<CurlAnswer> {
  const { service, protocol = '--http1.1', path = '/ollama/api/tags', more = [], input } = call;
  const certificate =
    service === undefined ? [] : ['--cert', clientFile(service, 'crt'), '--key', clientFile(service, 'key')];
  const { status, stdout, stderr } = await machine.run(
    [
      ...[
        'curl',
        '--silent',
        '--show-error',
        '--max-time',
        '20',
        protocol,
        '--cacert',
        machinePaths.clientCa,
      ],
      ...['--resolve', `${serverName}:443:127.0.0.1`, '--write-out', '\n%{http_code} %{http_version}'],
      ...[...certificate, ...more, `https://${serverName}${path}`],
    ],
    input,
  );
  if (status !== 0) throw new Error(`curl ended with ${status ?? 'a signal'}: ${stderr}`);
  const end = stdout.lastIndexOf('\n');
  const [code, version = ''] = stdout.slice(end + 1).split(' ');
  return { status: Number(code), version, body: stdout.slice(0, end) };
}

/** One request with the distribution's own `openssl s_client`, as service `service`. */
export async function sClient(
  machine: Machine,
  service: string,
  more: readonly string[] = [],
): Promise<Result> {
  const command = [
    ...[
      'openssl',
      's_client',
      '-connect',
      '127.0.0.1:443',
      '-servername',
      serverName,
      '-verify_return_error',
    ],
    ...[
      '-CAfile',
      machinePaths.clientCa,
      '-cert',
      clientFile(service, 'crt'),
      '-key',
      clientFile(service, 'key'),
    ],
    ...['-ign_eof', ...more],
  ];
  const request = `GET /ollama/api/tags HTTP/1.1\r\nHost: ${serverName}\r\nConnection: close\r\n\r\n`;
  return machine.run(command, request);
}
