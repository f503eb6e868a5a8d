import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianSuites, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bootHost, reasonForNoHost, type Host } from './support/host.ts';
import { network } from './support/outside.ts';
import { makeSshKey } from './support/ssh.ts';

const reason = reasonForNoHost('nmap', 'curl');
if (reason !== undefined) console.warn(`host.test.ts: there is no machine to deploy to here: it ${reason}`);

const distributions = ['debian-12', 'debian-13'] as const;

describe.skipIf(reason !== undefined).each(distributions)('a %s to deploy to', (distribution) => {
  let host: Host;

  beforeAll(async () => {
    host = await bootHost(debianSuites[distribution]);
  }, rootTimeoutMs);
  afterAll(async () => await host.stop());

  test('lets root in from outside, by key, and is the distribution that it says', async () => {
    const { status, stdout, stderr } = await host.ssh('id -un; . /etc/os-release; echo "$VERSION_CODENAME"');
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: `root\n${debianSuites[distribution]}\n`,
      stderr: '',
    });
  });

  test('offers one host key, an ed25519 one; with another one pinned there is no login', async () => {
    const offered = await host.outside(['ssh-keyscan', host.address]);
    expect(offered.stdout).toBe(`${host.address} ${host.hostKey}\n`);
    const other = await makeSshKey(`${host.userKey}-other`);
    const { status, stdout, stderr } = await host.ssh('id -un', { hostKey: other.publicKey });
    expect({ status, stdout }).toEqual({ status: 255, stdout: '' });
    expect(stderr).toContain('Host key verification failed');
  });

  test('does not let in who has another key', async () => {
    const other = await makeSshKey(`${host.userKey}-stranger`);
    const { status, stderr } = await host.ssh('id -un', { userKey: other.path });
    expect(status).toBe(255);
    expect(stderr).toContain('Permission denied (publickey');
  });

  test.each([
    ['IPv4', network.machine, []],
    ['IPv6', network.machineIpv6, ['-6']],
  ])(
    'has a firewall of its own: a closed port is filtered from outside, over %s',
    async (_version, address, more) => {
      const listening = host.machine.start(['openssl', 's_server', '-nocert', '-quiet', '-accept', '8080']);
      const scan = async (): Promise<string> =>
        (await host.outside(['nmap', ...more, '-n', '-Pn', '-p22,8080', address])).stdout;
      try {
        await untilHolds(
          async () => (await host.machine.output(['ss', '-Hltn', 'sport = 8080'])) !== '',
          'the listener',
        );
        expect(await scan()).toMatch(/^8080\/tcp open/m);
        const rules =
          'table inet closed { chain input { type filter hook input priority 0; tcp dport 8080 drop; }; }';
        await host.machine.output(['nft', '--file', '-'], rules);
        const scanned = await scan();
        expect(scanned).toMatch(/^8080\/tcp filtered/m);
        expect(scanned).toMatch(/^22\/tcp +open/m);
        await host.machine.output(['nft', 'delete', 'table', 'inet', 'closed']);
      } finally {
        listening.kill();
      }
    },
  );

  test('has no way to any network but the one outside, and that leads nowhere', async () => {
    expect((await host.outside(['ip', '-o', 'link'])).stdout.trim().split('\n')).toHaveLength(2);
    expect((await host.outside(['ip', 'route'])).stdout).toBe(
      `192.0.2.0/24 dev outside proto kernel scope link src ${network.outside} \n`,
    );
    for (const address of ['198.51.100.1', '[2001:db8:1::1]']) {
      const { status, stderr } = await host.machine.run(['curl', '-sS', `http://${address}/`]);
      // 7: failed to connect, curl(1).
      expect(status).toBe(7);
      expect(stderr).toMatch(/unreachable|No route to host|Failed to connect/);
    }
  });

  test('boots again after a power cut, with what was written and nothing that ran', async () => {
    await host.machine.write('/etc/written', 'kept\n');
    await host.machine.output(['systemd-run', '--unit=ran', 'sleep', '1000']);
    const processes = host.machine.hostPath('/');
    await host.powerCut();
    expect(host.machine.hostPath('/')).not.toBe(processes);
    expect((await host.machine.run(['systemctl', 'is-active', 'ran'])).stdout).toBe('inactive\n');
    expect(await host.ssh('cat /etc/written')).toMatchObject({ status: 0, stdout: 'kept\n' });
  });
});

test.skipIf(reason !== undefined)(
  'a machine and what runs outside of it end with their test, however that ends',
  async () => {
    const folder = await temporaryFolder();
    const hold = fileURLToPath(new URL('support/hold-host.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', hold], {
      env: { ...process.env, TMPDIR: folder.path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const pids: string[] = [];
      createInterface(child.stdout).on('line', (pid) => pids.push(pid));
      await Promise.race([
        untilHolds(() => pids.length === 2, 'two processes'),
        once(child, 'exit').then(() => Promise.reject(new Error('it ended at once'))),
      ]);
      for (const pid of pids) expect(existsSync(`/proc/${pid}`)).toBe(true);
      // find goes on where a group goes while it looks.
      const machineGroups = (): string =>
        spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', `rhk-${child.pid ?? 0}-*`], {
          encoding: 'utf8',
        }).stdout;
      expect(machineGroups()).not.toBe('');

      child.kill('SIGKILL');
      for (const pid of pids) await untilHolds(() => !existsSync(`/proc/${pid}`), 'the end of the processes');
      await untilHolds(() => machineGroups() === '', 'the groups to go');
    } finally {
      child.kill('SIGKILL');
      await folder.remove();
    }
  },
  rootTimeoutMs,
);
