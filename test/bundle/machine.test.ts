import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reasonNotToBoot } from '../distributions/support/availability.ts';
import { bootRoot, type BootedMachine } from '../distributions/support/machine.ts';
import { debianRoot, debianSuites, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import {
  bringBundle,
  callAs,
  filesOf,
  install,
  journal,
  property,
  unit,
  untilJournalSays,
} from './support/forwarder-host.ts';
import { startInsideGateway, type InsideGateway } from './support/inside-gateway.ts';

const reason = reasonNotToBoot();
if (reason !== undefined) console.warn(`machine.test.ts: the forwarder is not installed here: it ${reason}`);

const distributions = ['debian-12', 'debian-13'] as const;
const gatewayPort = 8_443;
const home = '/etc/hardening-forwarder';

describe.skipIf(reason !== undefined).each(distributions)('the forwarder on a booted %s', (distribution) => {
  let machine: BootedMachine;
  let gateway: InsideGateway;

  beforeAll(async () => {
    machine = await bootRoot(await debianRoot(debianSuites[distribution], 'host'));
    await machine.output(['sh', '-c', 'echo 127.0.0.1 gateway.test >>/etc/hosts']);
    for (const user of ['livereview', 'mallory']) await machine.output(['useradd', user]);
    gateway = await startInsideGateway(machine, gatewayPort);
  }, rootTimeoutMs);
  afterAll(async () => {
    await gateway.stop();
    await machine.stop();
  });

  let before = '';

  test('is refused where a user that it is for is not there, and changes nothing', async () => {
    before = await filesOf(machine);
    await bringBundle(machine, gateway, ['--for-user', 'nobody-here']);
    const { status, stderr } = await install(machine);
    expect(status).toBe(2);
    expect(stderr).toContain('no user nobody-here');
    expect(await filesOf(machine)).toBe(before);
  });

  test('is installed by one script, and the gateway lets it in', async () => {
    await bringBundle(machine, gateway, ['--for-user', 'livereview']);
    const { status, stdout, stderr } = await install(machine);
    expect(stderr).toBe('');
    expect(stdout).toContain('the gateway lets this machine in');
    expect(status).toBe(0);
    expect(await property(machine, 'ActiveState')).toBe('active');
    // Whoever runs: its own user, no capability, no new privileges.
    const pid = await property(machine, 'MainPID');
    const state = await machine.output(['cat', `/proc/${pid}/status`]);
    const uid = (await machine.output(['id', '-u', 'hardening-forwarder'])).trim();
    expect(state).toMatch(new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s`, 'm'));
    expect(state).toMatch(/^CapBnd:\s+0{16}$/m);
    expect(state).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(await machine.run(['systemctl', 'is-active', 'nginx'])).not.toMatchObject({ status: 0 });
  });

  test('says in the journal when the certificate ends, and nothing that sounds like trouble', async () => {
    await untilJournalSays(machine, /the certificate of ci \(generation 1\) ends \w{3} +\d+ .* GMT/);
    expect(await journal(machine, '--priority=warning')).toBe('');
  });

  test('writes one JSON line a request to the journal, with the request id of the gateway', async () => {
    const secret = 'a-prompt-that-nobody-may-read';
    const call = [
      '--data',
      `{"model":"stand-in","prompt":"${secret}"}`,
      `http://127.0.0.1:11434/api/generate?${secret}`,
    ];
    expect(await callAs(machine, 'livereview', call)).toBe('200');
    await untilJournalSays(machine, /"request_uri":"\/api\/generate"/);
    const said = await machine.output(['journalctl', '--output=cat']);
    expect(said).not.toContain(secret);
    const line = said.split('\n').find((text) => text.includes('/api/generate')) ?? '';
    const entry = JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>;
    expect(entry).toMatchObject({ service: 'ci', status: 200, method: 'POST', gateway_status: '200' });
    const log = await readFile(join(gateway.logDirectory, 'access.log'), 'utf8');
    expect(log).toContain(`"request_id":"${String(entry['gateway_request_id'])}"`);
  });

  test('serves the users that it is for and root, and refuses a second user the connection', async () => {
    expect(await callAs(machine, 'livereview')).toBe('200');
    expect(await callAs(machine, 'root')).toBe('200');
    expect(await callAs(machine, 'mallory')).toBe('refused');
  });

  test('still does when nftables.service empties the whole ruleset', async () => {
    for (const verb of ['start', 'reload', 'restart', 'stop']) {
      await machine.output(['systemctl', verb, 'nftables.service']);
      expect(await callAs(machine, 'livereview'), verb).toBe('200');
      expect(await callAs(machine, 'mallory'), verb).toBe('refused');
    }
  });

  test('keeps key and folder from everyone but its group', async () => {
    const modes = await machine.output([
      'sh',
      '-c',
      `cd ${home}/current/ && stat -c '%a %U %G %n' . key.pem`,
    ]);
    expect(modes).toBe('750 root hardening-forwarder .\n640 root hardening-forwarder key.pem\n');
    for (const user of ['livereview', 'mallory']) {
      const { status } = await machine.run([
        'setpriv',
        `--reuid=${user}`,
        `--regid=${user}`,
        '--init-groups',
        'cat',
        `${home}/current/key.pem`,
      ]);
      expect(status).not.toBe(0);
    }
  });

  test('does not start, and does not reload, with a key that others may read', async () => {
    const key = `${home}/current/key.pem`;
    await machine.output(['chmod', '0644', key]);
    expect(await machine.run(['systemctl', 'reload', unit])).not.toMatchObject({ status: 0 });
    expect(await callAs(machine, 'livereview')).toBe('200');
    expect(await machine.run(['systemctl', 'restart', unit])).not.toMatchObject({ status: 0 });
    await untilJournalSays(machine, /others may use \S+key\.pem \(mode 644\)/);
    expect(await callAs(machine, 'livereview')).toBe('refused');
    // The table of callers goes with it; the port is kept.
    const tables = await machine.output(['nft', 'list', 'tables']);
    expect(tables).not.toMatch(/hardening_forwarder$/m);
    expect(tables).toMatch(/hardening_forwarder_port$/m);
    // The second run of the script mends the mode.
    expect(await install(machine)).toMatchObject({ status: 0 });
    expect(await callAs(machine, 'livereview')).toBe('200');
    // Whoever is in the group could read it too.
    await machine.output(['usermod', '-aG', 'hardening-forwarder', 'mallory']);
    expect(await machine.run(['systemctl', 'reload', unit])).not.toMatchObject({ status: 0 });
    await machine.output(['gpasswd', '-d', 'mallory', 'hardening-forwarder']);
    expect(await machine.run(['systemctl', 'reload', unit])).toMatchObject({ status: 0 });
  });

  test('changes nothing when it is installed again', async () => {
    const state = async (): Promise<string> =>
      machine.output([
        'sh',
        '-c',
        `find ${home} /etc/systemd/system -printf '%p %T@ %i %m %l\\n' | sort; systemctl show -p MainPID,ExecMainStartTimestamp,NRestarts ${unit}; journalctl --unit ${unit} | grep -c ends`,
      ]);
    const first = await state();
    const { status, stdout } = await install(machine);
    expect(status).toBe(0);
    expect(stdout).toContain('was in force already');
    expect(await state()).toBe(first);
  });

  test('takes a rotated certificate by a reload: same process, running stream to its end, next call with the next one', async () => {
    await gateway.replace({ ci: { generation: 2, overlap: true } });
    const pid = await property(machine, 'MainPID');
    const stream = machine.start([
      'curl',
      '--silent',
      '--no-buffer',
      '--data',
      '{"model":"stand-in","prompt":"x"}',
      'http://127.0.0.1:11434/api/generate',
    ]);
    let streamed = '';
    stream.stdout.setEncoding('utf8').on('data', (text: string) => (streamed += text));
    const streamEnded = new Promise((settle) => stream.on('close', settle));
    await untilHolds(() => streamed.includes('\n'), 'the first token');
    await bringBundle(machine, gateway, ['--for-user', 'livereview']);
    const { status, stdout } = await install(machine);
    expect(stdout).toContain('is in force');
    expect(status).toBe(0);
    expect(await property(machine, 'MainPID')).toBe(pid);
    await streamEnded;
    expect(streamed).toContain('"done":true');
    expect(await machine.output(['sh', '-c', `ls ${home}/versions | wc -l`])).toBe('1\n');
    // Without the overlap the first generation gets 401: this one is in use.
    await gateway.replace({ ci: { generation: 2 } });
    await untilHolds(async () => (await callAs(machine, 'livereview')) === '200', 'generation 2');
    await untilJournalSays(machine, /\(generation 2\) ends/);
  });

  test('says so where the gateway does not let it in', async () => {
    await gateway.replace({ ci: { generation: 3 } });
    const { status, stdout } = await install(machine);
    expect(status).toBe(1);
    expect(stdout).toContain('the gateway answers 401');
    await gateway.replace({ ci: { generation: 2 } });
  });

  test('keeps the version in force where another one cannot be started', async () => {
    await bringBundle(machine, gateway, ['--for-user', 'livereview', '--port', '11435']);
    // What takes the port: a socket of systemd's.
    await machine.write('/run/systemd/system/taker.socket', '[Socket]\nListenStream=127.0.0.1:11435\n');
    await machine.write('/run/systemd/system/taker.service', '[Service]\nExecStart=/bin/true\n');
    await machine.output(['systemctl', 'daemon-reload']);
    await machine.output(['systemctl', 'start', 'taker.socket']);
    const { status, stderr } = await install(machine);
    expect(stderr).toContain('the one before is in force again');
    expect(status).toBe(2);
    expect(await callAs(machine, 'livereview')).toBe('200');
    expect(await callAs(machine, 'mallory')).toBe('refused');
    await machine.output(['systemctl', 'stop', 'taker.socket']);
    await machine.output(['rm', '/run/systemd/system/taker.socket', '/run/systemd/system/taker.service']);
  });

  test('becomes a unix socket for one group: no port, mode 0660', async () => {
    await machine.output(['groupadd', 'reviewers']);
    await machine.output(['usermod', '-aG', 'reviewers', 'livereview']);
    await bringBundle(machine, gateway, ['--for-group', 'reviewers']);
    const { status, stderr } = await install(machine);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const socket = '/run/hardening-forwarder/socket/ollama.sock';
    expect(await machine.output(['stat', '-c', '%a %U %G', socket])).toBe(
      '660 hardening-forwarder reviewers\n',
    );
    const call = ['--unix-socket', socket, 'http://localhost/api/version'];
    expect(await callAs(machine, 'livereview', call)).toBe('200');
    expect(await callAs(machine, 'mallory', call)).toBe('refused');
    expect(await callAs(machine, 'livereview')).toBe('refused');
    expect(await machine.output(['nft', 'list', 'ruleset'])).not.toContain('hardening_forwarder');
    await machine.output(['systemctl', 'reload', unit]);
    expect(await callAs(machine, 'livereview', call)).toBe('200');
    expect(await callAs(machine, 'mallory', call)).toBe('refused');
    // Whoever is in the group can call, and cannot answer: neither while it runs nor while it does not.
    for (const verb of ['start', 'stop']) {
      await machine.output(['systemctl', verb, unit]);
      const taken = await machine.run([
        ...['setpriv', '--reuid=livereview', '--regid=livereview', '--init-groups', 'sh', '-c'],
        `mkdir -p ${socket}; rm -f ${socket}; mv ${socket} ${socket}.away; mkdir -p ${socket}`,
      ]);
      expect(taken.status, verb).not.toBe(0);
    }
    await machine.output(['systemctl', 'start', unit]);
    expect(await callAs(machine, 'livereview', call)).toBe('200');
  });

  test('is scored well by systemd-analyze, and comes again at the next boot', async () => {
    const scored = await machine.output(['systemd-analyze', 'security', '--no-pager', unit]);
    const score = Number(/exposure level for \S+: ([0-9.]+)/.exec(scored)?.[1]);
    expect(score).toBe(1.1);
    expect((await machine.output(['systemctl', 'is-enabled', unit])).trim()).toBe('enabled');
  });

  test('leaves nothing when it is removed', async () => {
    expect(await install(machine, '--remove')).toMatchObject({ status: 0, stderr: '' });
    await machine.output(['groupdel', 'reviewers']);
    expect(await filesOf(machine)).toBe(before);
    // A second time there is nothing to take off.
    expect(await install(machine, '--remove')).toMatchObject({ status: 0, stderr: '' });
  });
});
