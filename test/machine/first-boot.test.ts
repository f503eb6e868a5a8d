import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianSuites, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { bootHost, reasonForNoHost, type Host } from './support/host.ts';
import { makeSshKeys, type SshKeys } from './support/ssh.ts';

const reason = reasonForNoHost();
if (reason !== undefined)
  console.warn(`first-boot.test.ts: no machine boots for the first time here: it ${reason}`);

const distributions = ['debian-12', 'debian-13'] as const;

/** cloud-init reads YAML, and JSON is YAML. */
const userData = ({ host, user }: SshKeys): string =>
  `#cloud-config\n${JSON.stringify({
    ssh_keys: { ed25519_private: host.privateKey, ed25519_public: host.publicKey },
    ssh_pwauth: false,
    disable_root: true,
    users: [
      {
        name: 'admin',
        shell: '/bin/bash',
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        lock_passwd: true,
        ssh_authorized_keys: [user.publicKey],
      },
    ],
    write_files: [{ path: '/etc/first-boot', content: 'written\n', permissions: '0640' }],
    runcmd: [['sh', '-c', 'cat /etc/first-boot >/run/ran']],
  })}\n`;

describe.skipIf(reason !== undefined).each(distributions)('the first boot of a %s', (distribution) => {
  let folder: TemporaryFolder;
  let host: Host;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const keys = await makeSshKeys(folder.path);
    host = await bootHost(debianSuites[distribution], { keys, userData: userData(keys) });
  }, rootTimeoutMs);
  afterAll(async () => {
    await host.stop();
    await folder.remove();
  });

  test('runs cloud-init to its end, without an error', async () => {
    const { status, stdout } = await host.machine.run(['cloud-init', 'status', '--wait', '--long']);
    expect(stdout).toMatch(/^status: done$/m);
    expect(status).toBe(0);
    const { v1 } = JSON.parse(await host.machine.output(['cat', '/run/cloud-init/status.json'])) as {
      v1: Record<string, { errors?: string[] } | string | null>;
    };
    const errors = Object.values(v1).flatMap((stage) =>
      typeof stage === 'object' ? (stage?.errors ?? []) : [],
    );
    expect(errors).toEqual([]);
  });

  test('has the user, the host key and the file of the user data', async () => {
    const { status, stdout } = await host.ssh('sudo -n cat /etc/first-boot /run/ran; id -un', {
      user: 'admin',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'written\nwritten\nadmin\n' });
    expect(await host.machine.output(['stat', '--format=%a', '/etc/first-boot'])).toBe('640\n');
    const offered = await host.outside(['ssh-keyscan', host.address]);
    expect(offered.stdout).toBe(`${host.address} ${host.hostKey}\n`);
  });

  test('lets nobody else in', async () => {
    const { status } = await host.ssh('true');
    expect(status).toBe(255);
  });

  test('is over: after a power cut nothing of it runs again', async () => {
    await host.machine.output(['rm', '/etc/first-boot']);
    await host.powerCut();
    await host.machine.output(['cloud-init', 'status', '--wait']);
    expect((await host.machine.run(['test', '-e', '/etc/first-boot'])).status).toBe(1);
    expect(await host.ssh('id -un', { user: 'admin' })).toMatchObject({ status: 0, stdout: 'admin\n' });
  });
});

test.skipIf(reason !== undefined)(
  'what fails at a first boot is told by cloud-init',
  async () => {
    const host = await bootHost('trixie', { userData: '#cloud-config\nruncmd: [[sh, -c, exit 3]]\n' });
    try {
      const { status, stdout } = await host.machine.run(['cloud-init', 'status', '--long']);
      expect(status).not.toBe(0);
      expect(stdout).toMatch(/^status: error$/m);
    } finally {
      await host.stop();
    }
  },
  rootTimeoutMs,
);
