import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { network } from './outside.ts';
import type { SshKeys } from './ssh.ts';

/** Files to put on a machine before it boots: absolute path to content and mode, all of them root's. */
export type HostFiles = Readonly<Record<string, { readonly content: string; readonly mode: number }>>;

/** What every machine has: its name, and a name server that is not there, which is soon seen. */
const ownFiles: HostFiles = {
  '/etc/hostname': { content: 'machine\n', mode: 0o644 },
  '/etc/hosts': { content: '127.0.0.1 localhost\n127.0.1.1 machine\n::1 localhost\n', mode: 0o644 },
  '/etc/resolv.conf': { content: `nameserver ${network.outside}\n`, mode: 0o644 },
};

/** What a machine has after its first boot: a host key, and the user's key for root. cloud-init does nothing more. */
export function readyHostFiles({ host, user }: SshKeys): HostFiles {
  return {
    ...ownFiles,
    '/etc/ssh/ssh_host_ed25519_key': { content: host.privateKey, mode: 0o600 },
    '/etc/ssh/ssh_host_ed25519_key.pub': { content: `${host.publicKey}\n`, mode: 0o644 },
    '/root/.ssh/authorized_keys': { content: `${user.publicKey}\n`, mode: 0o600 },
    '/etc/cloud/cloud-init.disabled': { content: '', mode: 0o644 },
  };
}

/** A cloud's machine before its first boot: cloud-init finds the user data, and leaves the network and the language alone. */
export function firstBootFiles(userData: string): HostFiles {
  const seed = '/var/lib/cloud/seed/nocloud';
  return {
    ...ownFiles,
    [`${seed}/user-data`]: { content: userData, mode: 0o600 },
    [`${seed}/meta-data`]: { content: 'instance-id: first-boot\nlocal-hostname: machine\n', mode: 0o644 },
    '/etc/cloud/cloud.cfg.d/90-machine.cfg': {
      content:
        "network: { config: disabled }\n# A cloud's image has one; here it would be generated.\nlocale: false\n",
      mode: 0o644,
    },
  };
}

/** Writes the files below a folder. */
export async function writeFiles(folder: string, files: HostFiles): Promise<void> {
  for (const [path, { content, mode }] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, content, { mode });
  }
}
