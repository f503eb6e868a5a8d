import { randomBytes, createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machinePaths } from '../../lib/model/placement.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { reasonNotToBoot } from './support/availability.ts';
import {
  curl,
  installGateway,
  machineTree,
  services,
  textOf,
  unitPath,
  writeTree,
  type Installed,
} from './support/gateway.ts';
import { bootRoot, type Machine } from './support/machine.ts';
import { debianRoot, debianSuites, rootTimeoutMs } from './support/root-cache.ts';
import { trials } from './support/sandbox-trials.ts';
import { only, readUnit } from './support/unit-file.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';

const reason = reasonNotToBoot();
if (reason !== undefined) console.warn(`booted-unit.test.ts: the unit is not started here: it ${reason}`);

const distributions = ['debian-12', 'debian-13'] as const;
const service = 'hardening-gateway.service';

describe.skipIf(reason !== undefined).each(distributions)('the unit on a booted %s', (distribution) => {
  let machine: Machine;
  let installed: Installed;
  let folder: TemporaryFolder;
  let upstream: Upstream;

  beforeAll(async () => {
    folder = await temporaryFolder();
    machine = await bootRoot(await debianRoot(debianSuites[distribution]));
    upstream = await startUpstream(machine);
    installed = await installGateway(machine, distribution, folder.path);
    await machine.output(['systemctl', 'daemon-reload']);
  }, rootTimeoutMs);
  afterAll(async () => {
    await upstream.stop();
    await machine.stop();
    await folder.remove();
  });

  const property = async (name: string): Promise<string> =>
    (await machine.output(['systemctl', 'show', '--value', '--property', name, service])).trim();
  /** Puts the tree for these services in place and reloads. */
  const reloadWith = async (kept: readonly string[]): Promise<void> => {
    await writeTree(machine, machineTree(distribution, kept));
    await machine.output(['systemctl', 'reload', service]);
  };

  test('starts with `systemctl start`, and its gateway answers', async () => {
    await machine.output(['systemctl', 'start', service]);
    await untilHolds(async () => {
      if ((await property('ActiveState')) !== 'active') throw new Error('it is not active');
      return (await machine.run(['test', '-s', `${machinePaths.runtimeDirectory}/nginx.pid`])).status === 0;
    }, service);
    for (const protocol of ['--http1.1', '--http2'] as const) {
      expect(await curl(machine, { service: 'ci', protocol })).toMatchObject({ status: 200 });
      expect(await curl(machine, { protocol })).toMatchObject({ status: 401 });
    }
    // Neither systemd nor nginx had anything to say against it.
    expect(
      await machine.output(['journalctl', '--unit', service, '--output=cat', '--priority=warning']),
    ).toBe('');
    expect(await machine.output(['journalctl', '--unit', service, '--output=cat'])).not.toMatch(
      /warn|error|unknown|ignor/i,
    );
  });

  test('runs nginx as its own user with one capability, no new privileges and a filter of system calls', async () => {
    const pid = await property('MainPID');
    const status = await machine.output(['cat', `/proc/${pid}/status`]);
    const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
    const uid = (await machine.output(['id', '-u', 'hardening-gateway'])).trim();
    expect(uid).not.toBe('0');
    expect(field('Uid').split(/\s+/)).toEqual([uid, uid, uid, uid]);
    // Bit 10: CAP_NET_BIND_SERVICE, capability.h.
    for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb']) expect(field(set)).toBe('0000000000000400');
    expect(field('NoNewPrivs')).toBe('1');
    expect(field('Seccomp')).toBe('2');
    const folders = [machinePaths.runtimeDirectory, machinePaths.logDirectory];
    expect(await machine.output(['stat', '--format=%a %U', ...folders])).toBe(
      '700 hardening-gateway\n750 hardening-gateway\n',
    );
  });

  test('keeps bodies and keys out of core dumps and of swap', async () => {
    const master = await property('MainPID');
    const workers = await machine.output(['cat', `/proc/${master}/task/${master}/children`]);
    const pids = [master, ...workers.split(' ').filter(Boolean)];
    expect(pids.length).toBeGreaterThan(1);
    for (const pid of pids) {
      const limits = await machine.output(['cat', `/proc/${pid}/limits`]);
      expect(/^Max core file size\s+(\S+)\s+(\S+)/m.exec(limits)?.slice(1)).toEqual(['0', '0']);
    }
    // That the kernel obeys is systemd's to see to: not every machine that tests run on has the controller.
    expect(await property('MemorySwapMax')).toBe('0');
  });

  test('lets a body outgrow the memory into its runtime directory', async () => {
    const temporary: string[] = [];
    const watcher = watch(machine.hostPath(`${machinePaths.runtimeDirectory}/client-body`), (_event, name) =>
      temporary.push(name ?? ''),
    );
    const body = randomBytes(4 * 1024 * 1024).toString('hex');
    upstream.requests.length = 0;
    const answer = await curl(machine, {
      service: 'ci',
      path: '/ollama/api/chat',
      more: [
        '--header',
        'Content-Type: application/json',
        '--header',
        'Transfer-Encoding: chunked',
        '--data-binary',
        '@-',
      ],
      input: body,
    });
    watcher.close();
    // The stand-in takes it for what it is, no JSON; nginx passed it on whole.
    expect(answer.status).toBe(400);
    expect(upstream.requests.map((request) => request.bodySha256)).toEqual([
      createHash('sha256').update(body).digest('hex'),
    ]);
    expect(temporary).not.toEqual([]);
  });

  test('puts another configuration in force with `systemctl reload`', async () => {
    const pid = await property('MainPID');
    await reloadWith(services.filter((name) => name !== 'leaver'));
    await untilHolds(async () => (await curl(machine, { service: 'leaver' })).status === 401, 'the reload');
    expect(await curl(machine, { service: 'ci' })).toMatchObject({ status: 200 });
    expect(await property('MainPID')).toBe(pid);
  });

  test('keeps the running configuration when `systemctl reload` meets a bad one', async () => {
    const path = '/etc/hardening/gateway/tls.conf';
    await machine.write(path, 'no such directive;\n');
    expect((await machine.run(['systemctl', 'reload', service])).status).not.toBe(0);
    expect(await property('ActiveState')).toBe('active');
    expect(await curl(machine, { service: 'ci' })).toMatchObject({ status: 200 });
    await reloadWith(services);
    await untilHolds(async () => (await curl(machine, { service: 'leaver' })).status === 200, 'the reload');
  });

  test('has its logs rotated: nginx goes on in a new file', async () => {
    const log = `${machinePaths.logDirectory}/access.log`;
    const linesOf = async (path: string): Promise<number> =>
      (await machine.output(['cat', path])).split('\n').filter(Boolean).length;
    await untilHolds(async () => (await linesOf(log)) > 0, 'a line in the log');
    const { status, stderr } = await machine.run([
      'logrotate',
      '--force',
      '/etc/logrotate.d/hardening-gateway',
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(await linesOf(`${log}.1`)).toBeGreaterThan(0);
    await curl(machine, { service: 'ci' });
    await untilHolds(async () => (await linesOf(log)) > 0, 'a line in the new log');
    expect(await machine.output(['stat', '--format=%a %U', log])).toBe('640 hardening-gateway\n');
  });

  test('has a log rotated before its day is over once it is too large, and looks every hour', async () => {
    const log = `${machinePaths.logDirectory}/access.log`;
    const command = ['logrotate', '/etc/logrotate.d/hardening-gateway'];
    const size = async (): Promise<number> => Number(await machine.output(['stat', '--format=%s', log]));
    await machine.output(['truncate', '--size=50M', log]);
    expect(await machine.run(command)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await size()).toBe(50 * 1024 * 1024);
    await machine.output(['truncate', '--size=101M', log]);
    // Twice in one day, whatever the host's logrotate.conf says of dates.
    for (const number of [1, 2]) {
      expect(await machine.run(command)).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(await size()).toBeLessThan(1024);
      expect((await machine.run(['ls', `${log}.${number}`, `${log}.${number}.gz`])).stdout).toContain(log);
      await machine.output(['truncate', '--size=101M', log]);
    }
    const timer = await machine.output([
      ...['systemctl', 'show', '--value', '--property', 'TimersCalendar', 'logrotate.timer'],
    ]);
    expect(timer).toContain('OnCalendar=*-*-* *:00:00');
    expect(timer.match(/OnCalendar=/g)).toHaveLength(1);
  });

  describe('its sandbox', () => {
    const trial = 'hardening-trial.service';

    beforeAll(async () => {
      await machine.output(['mkdir', '-p', '/home/someone']);
      await machine.output(['touch', '/dev/trial']);
      await machine.output(['systemctl', 'stop', service]);
    });

    /** Runs a shell script as a unit would that has all of the gateway's settings; returns the lines that it printed. */
    const inSandbox = async (text: string): Promise<string[]> => {
      const unit = textOf(installed.tree, unitPath)
        .replace(/^Exec(?:StartPre|Reload)=.*\n/gm, '')
        .replace(/^Type=exec$/m, 'Type=oneshot\nStandardOutput=truncate:/trial.txt')
        .replace(/^Restart=.*$/m, 'Restart=no')
        .replace(/^ExecStart=.*$/m, 'ExecStart=/bin/sh /etc/trial.sh');
      await machine.write(`/etc/systemd/system/${trial}`, unit);
      await machine.write('/etc/trial.sh', text);
      await machine.output(['systemctl', 'daemon-reload']);
      await machine.output(['systemctl', 'start', trial]);
      return (await machine.output(['cat', '/trial.txt'])).split('\n');
    };

    test('it may write to its own folders and to temporary ones, and run nothing that it wrote', async () => {
      expect(only(readUnit(textOf(installed.tree, unitPath))('Type'))).toBe('exec');
      const told = await inSandbox(`
        for folder in $(find / -path /proc -prune -o -path /dev/mqueue -prune -o -type d -writable -print); do
          cp /usr/bin/true "$folder/true" && if "$folder/true"; then echo "$folder: runs"; else echo "$folder: writes"; fi
        done`);
      expect(told.filter((line) => /^\/\S+: (?:runs|writes)$/.test(line)).sort()).toEqual(
        ['/dev/shm', '/run/hardening-gateway', '/tmp', '/var/log/hardening-gateway', '/var/tmp'].map(
          (folder) => `${folder}: writes`,
        ),
      );
    });

    test.each(trials)('a program in it cannot $name; without it, it can', async ({ command }) => {
      const told = await inSandbox(`if ${command}; then echo it could; else echo it could not; fi`);
      expect(told.filter((line) => line.startsWith('it could'))).toEqual(['it could not']);
      const asRoot = ['sh', '-c', `mkdir -p ${machinePaths.runtimeDirectory} && ${command}`];
      expect((await machine.run(asRoot)).status).toBe(0);
    });
  });
});
