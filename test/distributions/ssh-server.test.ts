import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { untilHolds } from '../gateway/support/waiting.ts';
import { bootHost, reasonForNoHost, type Host } from '../machine/support/host.ts';
import { network } from '../machine/support/outside.ts';
import { makeSshKey, type SshKey } from '../machine/support/ssh.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { machineTree, textOf, writeTree, type MoreSections } from './support/gateway.ts';
import { debianSuites, rootTimeoutMs } from './support/root-cache.ts';

const reason = reasonForNoHost();
if (reason !== undefined)
  console.warn(`ssh-server.test.ts: no SSH server is told anything here: it ${reason}`);
const hasAudit = findProgram('ssh-audit') !== undefined;
if (!hasAudit) console.warn('ssh-server.test.ts: ssh-audit is not installed, so it does not judge');

const file = 'etc/ssh/sshd_config.d/10-hardening.conf';

describe.skipIf(reason !== undefined).each(['debian-12', 'debian-13'] as const)(
  'the SSH server on a booted %s',
  (distribution) => {
    let host: Host;
    let folder: TemporaryFolder;
    let alice: SshKey;

    beforeAll(async () => {
      folder = await temporaryFolder();
      alice = await makeSshKey(join(folder.path, 'alice'));
      host = await bootHost(debianSuites[distribution]);
      await host.machine.output(['useradd', '--create-home', '--shell', '/bin/sh', 'hardening-admin']);
      // What cloud-init writes: the distribution's own settings come later in the order of names.
      await host.machine.write('/etc/ssh/sshd_config.d/50-cloud-init.conf', 'PasswordAuthentication yes\n');
    }, rootTimeoutMs);
    afterAll(async () => {
      await host.stop();
      await folder.remove();
    });

    const sections = (
      target: MoreSections['target'],
      adminKeys: Record<string, string> = {},
    ): MoreSections => ({
      ...(target === undefined ? {} : { target }),
      ssh: { sources: ['192.0.2.0/24'], adminKeys },
      terraformState: { encryptedByOpenTofu: true },
    });
    const existing = (user: string): MoreSections['target'] => ({
      host: { address: network.machine, user, hostKey: host.hostKey },
    });
    const droplet: MoreSections['target'] = { digitalocean: { region: 'fra1', size: 's-1vcpu-1gb' } };

    /** sshd starts itself anew on a reload: for a moment nobody listens. It writes its process id when it does. */
    const reload = async (): Promise<void> => {
      const written = async (): Promise<string> =>
        (await host.machine.run(['stat', '--format=%y', '/run/sshd.pid'])).stdout;
      const before = await written();
      await host.machine.output(['systemctl', 'reload', 'ssh.service']);
      await untilHolds(async () => !['', before].includes(await written()), 'sshd to listen again');
    };

    /** Puts the files in place and reloads, as a release does; returns what sshd then goes by. */
    const reloadWith = async (more: MoreSections): Promise<string[]> => {
      await host.machine.output(['rm', '-rf', '/etc/hardening/ssh', `/${file}`]);
      const tree = [...machineTree(distribution, [], more)].filter(([path]) => /\/ssh\//.test(path));
      await writeTree(host.machine, new Map(tree));
      const checked = await host.machine.run(['/usr/sbin/sshd', '-t']);
      expect(checked).toEqual({ status: 0, stdout: '', stderr: '' });
      await reload();
      return (await host.machine.output(['/usr/sbin/sshd', '-T'])).split('\n');
    };

    test('whoever deploys as root logs in as before', async () => {
      const settings = await reloadWith(sections(existing('root')));
      expect(settings).toContain('permitrootlogin without-password');
      expect(await host.ssh('echo in')).toMatchObject({ status: 0, stdout: 'in\n' });
    });

    test('whoever deploys as another user logs in as before, and root does not', async () => {
      const own = '/home/hardening-admin/.ssh';
      await host.machine.output(['install', '-d', '-m', '700', '-o', 'hardening-admin', own]);
      await host.machine.write(`${own}/authorized_keys`, `${host.keys.user.publicKey}\n`);
      await host.machine.output(['chown', 'hardening-admin', `${own}/authorized_keys`]);
      const settings = await reloadWith(sections(existing('hardening-admin')));
      expect(settings).toContain('permitrootlogin no');
      expect(await host.ssh('echo in', { user: 'hardening-admin' })).toMatchObject({ status: 0 });
      expect((await host.ssh('true')).stderr).toContain('Permission denied (publickey)');
    });

    test('there are no passwords, and the rest of the settings of the distribution stays', async () => {
      const settings = await reloadWith(sections(existing('root')));
      for (const line of [
        ...['passwordauthentication no', 'kbdinteractiveauthentication no', 'allowagentforwarding no'],
        ...['x11forwarding no', 'logingracetime 30', 'usepam yes', 'permittunnel no'],
        'subsystem sftp /usr/lib/openssh/sftp-server',
      ]) {
        expect(settings).toContain(line);
      }
      // By name: the methods that the server offers to somebody without a key.
      const client = ['ssh', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'];
      const attempt = [
        ...client,
        '-o',
        'BatchMode=yes',
        '-o',
        'PubkeyAuthentication=no',
        `root@${network.machine}`,
      ];
      expect((await host.outside(attempt)).stderr).toContain('Permission denied (publickey).');
    });

    test("an existing machine's administrators: the configuration's beside its own", async () => {
      await reloadWith(sections(existing('root'), { alice: alice.publicKey }));
      expect(await host.ssh('true')).toMatchObject({ status: 0 });
      expect(await host.ssh('true', { userKey: alice.path })).toMatchObject({ status: 0 });
      await reloadWith(sections(existing('root')));
      expect(await host.ssh('true', { userKey: alice.path })).not.toMatchObject({ status: 0 });
    });

    test("a droplet's administrators are the configuration's: a key of the first boot counts no more", async () => {
      const user = 'hardening-admin';
      expect(await host.ssh('true', { user })).toMatchObject({ status: 0 });
      await reloadWith(sections(droplet, { alice: alice.publicKey }));
      expect(await host.ssh('true', { user, userKey: alice.path })).toMatchObject({ status: 0 });
      expect((await host.ssh('true', { user })).stderr).toContain('Permission denied (publickey)');
    });

    test('the pinned host key alone is offered', async () => {
      const ecdsa = '/etc/ssh/ssh_host_ecdsa_key';
      await host.machine.output(['ssh-keygen', '-q', '-t', 'ecdsa', '-N', '', '-f', ecdsa]);
      const scan = async (): Promise<string[]> =>
        (await host.outside(['ssh-keyscan', '-T', '5', network.machine])).stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => line.split(' ')[1] ?? '')
          .sort();
      await host.machine.output(['rm', `/${file}`]);
      await reload();
      expect(await scan()).toEqual(['ecdsa-sha2-nistp256', 'ssh-ed25519']);
      await reloadWith(sections(existing('root')));
      expect(await scan()).toEqual(['ssh-ed25519']);
      const pinned = (await readFile(host.machine.hostPath(`${ecdsa}.pub`), 'utf8')).split(' ').slice(0, 2);
      await reloadWith(sections({ host: { address: network.machine, hostKey: pinned.join(' ') } }));
      expect(await scan()).toEqual(['ecdsa-sha2-nistp256']);
      await reloadWith(sections(droplet, { alice: alice.publicKey }));
      expect(await scan()).toEqual(['ssh-ed25519']);
    });

    test.skipIf(!hasAudit)(
      "ssh-audit finds no failure, and some in the distribution's own settings",
      async () => {
        const failures = async (): Promise<string[]> => {
          const audit = ['ssh-audit', '--no-colors', '--level=fail', network.machine];
          const { stdout } = await host.outside(audit);
          return stdout.split('\n').filter((line) => line.includes('[fail]'));
        };
        await reloadWith(sections(droplet, { alice: alice.publicKey }));
        expect(await failures()).toEqual([]);
        await host.machine.output(['rm', `/${file}`]);
        await reload();
        expect(await failures()).not.toEqual([]);
      },
    );

    test('a name that its sshd does not know keeps the file from being accepted', async () => {
      const tree = machineTree(distribution === 'debian-12' ? 'debian-13' : distribution, [], sections(droplet, { alice: alice.publicKey })); // prettier-ignore
      const text = textOf(tree, file).replace('sntrup761x25519', 'wrong');
      await host.machine.write('/root/wrong.conf', text);
      expect((await host.machine.run(['/usr/sbin/sshd', '-t', '-f', '/root/wrong.conf'])).status).not.toBe(0);
    });
  },
);
