import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderForwarder } from '../../../lib/bundle/render-forwarder.ts';
import { machinePaths } from '../../../lib/model/placement.ts';
import type { FileTree, RenderedFile } from '../../../lib/render/file-tree.ts';
import type { Machine } from '../../distributions/support/machine.ts';
import { ensurePki } from '../../../lib/pki/inventory.ts';
import { plainFiles, putOnMachine } from './file-places.ts';
import type { LintedForwarder } from './trees.ts';

/** Names that nftables, nginx and systemd look up; on a real machine a release or its administrator makes them. */
const users = [
  ...['hardening-gateway', 'hardening-proxy', 'hardening-metrics', 'hardening-forwarder', 'ollama'],
  ...['hardening-models', 'do-agent', '_relay', 'livereview', 'ci', 'reviewers'],
];

/** Certificates and keys where nginx looks for them: any will do that fit together. */
export async function certificateFiles(folder: string): Promise<FileTree> {
  const pki = await ensurePki(join(folder, 'pki'), {
    stack: 'linted',
    ca: { commonName: 'linted CA', lifetimeDays: 2 },
    server: { serverNames: ['models.example.com'], addresses: [], lifetimeDays: 1 },
    clients: [],
  });
  const { serverCertificate, serverKey, clientCa, clientCrl = '' } = machinePaths;
  const files = [
    [serverCertificate, pki.server.certificate],
    [serverKey, pki.server.key],
    [clientCa, pki.ca.certificate],
    [clientCrl, pki.ca.crl ?? ''],
  ] as const;
  const read = files.map(async ([to, from]) => [to.slice(1), await readFile(from, 'utf8')] as const);
  return plainFiles(await Promise.all(read));
}

/** Makes the users and the folders that the files of a machine speak of, and names that DNS would know. */
export async function prepare(machine: Machine): Promise<void> {
  // useradd takes a tenth of a second for each.
  const make = users.flatMap((name, index) => [
    `echo '${name}:x:${900 + index}:${900 + index}::/nonexistent:/usr/sbin/nologin' >>/etc/passwd`,
    `echo '${name}:x:${900 + index}:' >>/etc/group`,
  ]);
  await machine.output([
    'sh',
    '-c',
    [
      'set -eu',
      ...make,
      'mkdir -p /run/sshd /run/hardening-gateway /run/hardening-forwarder/socket /var/log/hardening-gateway',
      // nginx opens it, and cannot where it is the socket of a test.
      'ln -sf null /dev/stdout',
      'echo 192.0.2.20 models.example.com >>/etc/hosts',
      'for type in ed25519 ecdsa; do',
      '  rm -f "/etc/ssh/ssh_host_${type}_key"',
      '  ssh-keygen -q -t "$type" -N "" -f "/etc/ssh/ssh_host_${type}_key"',
      'done',
    ].join('\n'),
  ]);
}

/** Programs that a unit of the tree starts and the root does not have: Ollama's. Without them no unit is whole. */
export function standIns(tree: FileTree): FileTree {
  const program = { content: '#!/bin/sh\n', mode: 0o755 } as const;
  const started = [...tree.values()].flatMap(({ content }) =>
    [...content.matchAll(/^ExecStart=(\/\S+\/ollama) /gm)].map(([, path = '']) => path.slice(1)),
  );
  return new Map<string, RenderedFile>([
    ...started.map((path) => [path, program] as const),
    ['usr/local/bin/ollama', program],
    // As Ollama's install script writes it, in short: the drop-in is for it.
    [
      'etc/systemd/system/ollama.service',
      {
        content: '[Unit]\nDescription=Ollama\n[Service]\nExecStart=/usr/local/bin/ollama serve\n',
        mode: 0o644,
      },
    ],
  ]);
}

/** Puts a forwarder on a machine as its installation would, with `compose/` beside; returns the paths of its units. */
export async function putForwarder(
  machine: Machine,
  { forwarder }: LintedForwarder,
  certificates: FileTree,
): Promise<string[]> {
  const textAt = (path: string): string => certificates.get(path.slice(1))?.content ?? '';
  const texts = [
    ...renderForwarder(forwarder),
    ['certificate.pem', textAt(machinePaths.serverCertificate)],
    ['key.pem', textAt(machinePaths.serverKey)],
    ['ca.pem', textAt(machinePaths.clientCa)],
  ] as const;
  const folder = forwarder.folder.slice(1);
  const units = texts.flatMap(([path, text]) =>
    path.startsWith('host/') && path.endsWith('.service')
      ? [[`etc/systemd/system/${path.slice('host/'.length)}`, text] as const]
      : [],
  );
  const dropIn = texts.flatMap(([path, text]) =>
    path === 'host/nftables.conf'
      ? [['etc/systemd/system/nftables.service.d/50-hardening-forwarder.conf', text] as const]
      : [],
  );
  await putOnMachine(
    machine,
    plainFiles([
      ...texts.map(([path, text]) => [`${folder}/${path}`, text] as const),
      ['run/key.pem', textAt(machinePaths.serverKey)],
      ...units,
      ...dropIn,
    ]),
  );
  await machine.output(['ln', '-sfn', `versions/${forwarder.version}`, '/etc/hardening-forwarder/current']);
  return units.map(([path]) => `/${path}`);
}
