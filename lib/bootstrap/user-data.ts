import { fileURLToPath } from 'node:url';
import { Fn } from 'cdktf/lib/terraform-functions.js';
import type { Bootstrap } from '../model/infrastructure/infrastructure.ts';
import { loadTemplates } from '../render/templates.ts';

/** The files of a first boot, laid out as the machine's file system. */
const templatesDirectory = fileURLToPath(new URL('../../templates-bootstrap', import.meta.url));

/** The machine's SSH host key, as OpenSSH writes the two halves. */
export interface HostKeyPair {
  readonly privateKeyOpenSsh: string;
  readonly publicKeyOpenSsh: string;
}

/**
 * The user_data of a new droplet, for cloud-init: a first administrator, the host key, sshd, a firewall. All else
 * comes with a release, since user_data cannot be changed. JSON is YAML too, and the one way to put a key that is
 * known at apply only into it.
 */
export function userData(bootstrap: Bootstrap, hostKey: HostKeyPair): string {
  return `#cloud-config\n${Fn.jsonencode(cloudConfig(bootstrap, hostKey))}`;
}

/** The content of {@link userData} before it is written as JSON. */
export function cloudConfig(bootstrap: Bootstrap, hostKey: HostKeyPair): Record<string, unknown> {
  const { adminUser, adminKeys, agentUser } = bootstrap;
  return {
    users: [
      {
        name: adminUser,
        gecos: 'Administrators',
        shell: '/bin/bash',
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        lock_passwd: true,
        ssh_authorized_keys: [...adminKeys],
      },
      // The firewall names this user before the agent's own package is there, which takes a user that exists.
      ...(agentUser === undefined
        ? []
        : [
            {
              name: agentUser,
              system: true,
              no_create_home: true,
              shell: '/usr/sbin/nologin',
              lock_passwd: true,
            },
          ]),
    ],
    disable_root: true,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKeyOpenSsh, ed25519_public: hostKey.publicKeyOpenSsh },
    // Quotes and braces of a text would be terraform's own in an expression.
    write_files: bootstrapFiles(bootstrap).map(([path, content]) => ({
      path,
      permissions: '0644',
      encoding: 'b64',
      content: Buffer.from(content).toString('base64'),
    })),
    runcmd: [
      // DigitalOcean gives root a password, and mails it, where an account's key is not chosen.
      ['passwd', '--lock', 'root'],
      // Not every image has it. Until it is there, DigitalOcean's firewall alone keeps others out.
      ['sh', '-c', 'command -v nft || { apt-get update && apt-get install --yes nftables; }'],
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', 'hardening-bootstrap-firewall.service'],
    ],
  };
}

function bootstrapFiles(bootstrap: Bootstrap): (readonly [path: string, content: string])[] {
  return [...loadTemplates(templatesDirectory)].map(([path, print]) => [`/${path}`, print({ bootstrap })]);
}
