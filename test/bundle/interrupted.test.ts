import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reasonNotToBoot } from '../distributions/support/availability.ts';
import { bootRoot, type BootedMachine } from '../distributions/support/machine.ts';
import { debianRoot, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import {
  bringBundle,
  callAs,
  filesOf,
  install,
  installer,
  property,
  unit,
} from './support/forwarder-host.ts';
import { startInsideGateway, type InsideGateway } from './support/inside-gateway.ts';

const reason = reasonNotToBoot();
if (reason !== undefined) console.warn(`interrupted.test.ts: nothing is installed here: it ${reason}`);

const home = '/etc/hardening-forwarder';
const forLiveReview = ['--for-user', 'livereview'];

describe.skipIf(reason !== undefined)('an installation that is cut off, disturbed or damaged', () => {
  let machine: BootedMachine;
  let gateway: InsideGateway;
  let before: string;

  beforeAll(async () => {
    machine = await bootRoot(await debianRoot('trixie', 'host'));
    await machine.output(['sh', '-c', 'echo 127.0.0.1 gateway.test >>/etc/hosts']);
    for (const user of ['livereview', 'mallory']) await machine.output(['useradd', user]);
    gateway = await startInsideGateway(machine, 8_443);
    before = await filesOf(machine);
  }, rootTimeoutMs);
  afterAll(async () => {
    await gateway.stop();
    await machine.stop();
  });
  beforeEach(async () => {
    await machine.run(['sh', installer, '--remove']);
    await gateway.replace({ ci: {} });
    await bringBundle(machine, gateway, forLiveReview);
  });

  /** Runs the bundle's program, which kills itself where a line of it begins so. */
  const installUntil = async (line: string): Promise<void> => {
    const cutOff = '/root/bundle/cut-off.sh';
    await machine.output([
      'sh',
      '-c',
      `awk -v line="$1" 'index($0, line) == 1 { found = 1; print "kill -9 $$" } { print } END { exit !found }' ${installer} >${cutOff}`,
      'sh',
      line,
    ]);
    expect((await machine.run(['sh', cutOff])).stdout).not.toContain('in force');
    await machine.output(['rm', cutOff]);
  };
  const workers = (): Promise<string> => machine.output(['pgrep', '-u', 'hardening-forwarder', 'nginx']);
  const installed = async (...parameters: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await install(machine, ...parameters);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return stdout;
  };

  test.each([
    ['before the switch', '  switch_to "$version"'],
    ['before systemd reads it', '  if [ "$changed" = yes ] || ['],
    ['before the start', '  systemctl --quiet enable "$unit"'],
  ])('is brought to its end by the next run, cut off %s', async (_what, line) => {
    await installUntil(line);
    expect(await installed()).toContain('is in force\n');
    expect(await callAs(machine, 'livereview')).toBe('200');
    expect(await installed()).toContain('was in force already');
  });

  test('is brought to its end in a renewal: no process goes on with the certificate before', async () => {
    await installed();
    const first = await workers();
    await gateway.replace({ ci: { generation: 2, overlap: true } });
    await bringBundle(machine, gateway, forLiveReview);
    await installUntil('  place "$unit"');
    expect(await workers()).toBe(first);
    expect(await installed()).toContain('is in force\n');
    expect(await workers()).not.toBe(first);
    await gateway.replace({ ci: { generation: 2 } });
    expect(await callAs(machine, 'livereview')).toBe('200');
  });

  test('is brought to its end on another port', async () => {
    await installed();
    await bringBundle(machine, gateway, [...forLiveReview, '--port', '11500']);
    await installUntil('  place "$unit"');
    await installed();
    expect(await callAs(machine, 'livereview', ['http://127.0.0.1:11500/api/version'])).toBe('200');
    expect(await callAs(machine, 'mallory', ['http://127.0.0.1:11500/api/version'])).toBe('refused');
    expect(await callAs(machine, 'livereview')).toBe('refused');
  });

  test('goes back to the version before it was cut off, where its own does not start', async () => {
    await installed();
    await bringBundle(machine, gateway, [...forLiveReview, '--port', '11500']);
    await installUntil('  place "$unit"');
    await taken(11_500, async () => {
      const { status, stderr } = await install(machine);
      expect(stderr).toContain('the one before is in force again');
      expect(status).toBe(2);
    });
    expect(await callAs(machine, 'livereview')).toBe('200');
    expect(await callAs(machine, 'mallory')).toBe('refused');
  });

  /** While systemd has the port. */
  const taken = async (port: number, act: () => Promise<void>): Promise<void> => {
    const folder = '/run/systemd/system';
    await machine.write(`${folder}/taker.socket`, `[Socket]\nListenStream=127.0.0.1:${port}\n`);
    await machine.write(`${folder}/taker.service`, '[Service]\nExecStart=/bin/true\n');
    await machine.output(['systemctl', 'daemon-reload']);
    await machine.output(['systemctl', 'start', 'taker.socket']);
    try {
      await act();
    } finally {
      await machine.output(['systemctl', 'stop', 'taker.socket']);
      await machine.output(['rm', `${folder}/taker.socket`, `${folder}/taker.service`]);
      await machine.output(['systemctl', 'daemon-reload']);
    }
  };

  test('leaves nothing of a first one where the port is taken', async () => {
    await taken(11_434, async () => {
      const { status, stderr } = await install(machine);
      expect(stderr).toContain('is the port taken');
      expect(stderr).toContain('nothing of it was left on this machine');
      expect(status).toBe(2);
      expect(await property(machine, 'LoadState')).toBe('not-found');
    });
    expect(await filesOf(machine)).toBe(before);
  });

  test('leaves nothing of a first one that nginx does not accept', async () => {
    await machine.output(['sh', '-c', 'echo nonsense >>/root/bundle/current/host/nginx.conf']);
    const { status, stderr } = await install(machine);
    expect(stderr).toContain('does not accept this version');
    expect(status).toBe(2);
    expect(await filesOf(machine)).toBe(before);
  });

  test('is refused while another one is at work', async () => {
    const other = machine.start(['flock', '/etc/systemd/system', 'sh', '-c', 'echo locked; cat']);
    await new Promise((settle) => other.stdout.once('data', settle));
    for (const parameters of [[], ['--remove']]) {
      const { status, stderr } = await install(machine, ...parameters);
      expect(stderr).toContain('another install.sh is at work');
      expect(status).toBe(2);
    }
    const ended = new Promise((settle) => other.once('close', settle));
    other.stdin.end();
    await ended;
    expect(await filesOf(machine)).toBe(before);
    await installed();
  });

  test.each([
    ['a key', 'echo damaged >', 'key.pem'],
    ['an edited file of nginx', 'sed -i s/localhost/.*/', 'host/access.conf'],
    ['a file too many', 'echo extra >', 'host/extra'],
  ])('mends %s in the version in force', async (_what, damage, name) => {
    await installed();
    const first = await workers();
    await machine.output(['sh', '-c', `${damage} ${home}/current/${name}`]);
    expect(await installed()).toContain('is laid down again');
    expect(await workers()).not.toBe(first);
    expect(await callAs(machine, 'livereview')).toBe('200');
    expect(await callAs(machine, 'livereview', ['-H', 'Host: x', 'http://127.0.0.1:11434/api/tags'])).toBe(
      '421',
    );
    expect(await machine.output(['ls', '-A', `${home}/versions`])).toMatch(/^[0-9a-f]{16}\n$/);
    expect(await installed()).toContain('was in force already');
  });

  test('keeps the version in force where the bundle itself is damaged', async () => {
    await installed();
    await machine.output(['sh', '-c', 'echo nonsense >>/root/bundle/current/host/nginx.conf']);
    const first = await workers();
    const { status, stderr } = await install(machine);
    expect(stderr).toContain('the one before is in force again');
    expect(status).toBe(2);
    expect(await workers()).toBe(first);
    await machine.output(['systemctl', 'restart', unit]);
    expect(await callAs(machine, 'livereview')).toBe('200');
  });

  test.each([
    ['a user whose first group it is', 'useradd -g hardening-forwarder carol', 'userdel carol'],
    [
      'a user of the same number',
      'useradd -M -o -u $(id -u hardening-forwarder) carol',
      'sed -i /^carol:/d /etc/passwd /etc/shadow /etc/group /etc/gshadow',
    ],
    [
      "a member under another name of the group's number",
      'groupadd -o -g $(getent group hardening-forwarder | cut -d: -f3) twin && useradd -G twin carol',
      'userdel carol && sed -i /^twin:/d /etc/group /etc/gshadow',
    ],
  ])('does not start, and does not reload, with %s in its group', async (_what, come, go) => {
    await installed();
    await machine.output(['sh', '-c', come]);
    for (const verb of ['reload', 'restart'])
      expect(await machine.run(['systemctl', verb, unit]), verb).not.toMatchObject({ status: 0 });
    await machine.output(['sh', '-c', go]);
    await machine.output(['systemctl', 'restart', unit]);
    expect(await callAs(machine, 'livereview')).toBe('200');
  });
});
