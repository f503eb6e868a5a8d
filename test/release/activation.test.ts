import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RenderedFile } from '../../lib/render/file-tree.ts';
import { within } from '../gateway/support/waiting.ts';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { activate, call, current, nginxProcesses, releaseCommand, startStream } from './support/target.ts';
import { startUpstream } from './support/upstream.ts';

const reason = reasonToSkip('activation.test.ts');

describe.skipIf(reason !== undefined).each(distributions)('a release on a booted %s', (distribution) => {
  let target: Target;

  beforeAll(async () => {
    target = await bootTarget(distribution);
  }, rootTimeoutMs);
  afterAll(async () => target.stop());

  test('is put in force on a machine that had none: its gateway serves, also after the next boot', async () => {
    const { machine, maker } = target;
    const upload = await maker.make();
    const { status, stdout, stderr } = await activate(machine, upload);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`done: release ${upload.release} is in force`);
    expect(await current(machine)).toBe(upload.release);
    expect([await call(machine, 'ci'), await call(machine)]).toEqual([200, 401]);
    expect((await machine.output(['systemctl', 'is-enabled', 'hardening-gateway.service'])).trim()).toBe(
      'enabled',
    );
    expect(await machine.output(['ls', '-A', '/var/lib/hardening/incoming'])).toBe('');
    const { status: healthy, stdout: shown } = await machine.run(releaseCommand('status'));
    expect({ healthy, shown }).toEqual({
      healthy: 0,
      shown: expect.stringContaining('health ok\n') as string,
    });
  });

  test('is left alone when it is in force already: nothing is reloaded', async () => {
    const { machine, maker } = target;
    const before = await nginxProcesses(machine);
    const { status, stdout, stderr } = await activate(machine, await maker.make());
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/unchanged/);
    expect(await nginxProcesses(machine)).toEqual(before);
  });

  test('with a changed limit reloads nginx alone, and a running stream goes on', async () => {
    const { machine, maker, upstream } = target;
    const [main] = await nginxProcesses(machine);
    const stream = await startStream(machine);
    const { status, stdout } = await activate(
      machine,
      await maker.make({ gateway: { clientMaxBodySizeKiB: 1 } }),
    );
    expect(status).toBe(0);
    expect(stdout.match(/reloads|restarts|starts|stops/g)).toEqual(['reloads']);
    expect((await nginxProcesses(machine))[0]).toBe(main);
    const tooLarge = ['--data', 'x'.repeat(2048)];
    expect(await call(machine, 'ci', '/ollama/api/chat', tooLarge)).toBe(413);
    upstream.endStreams();
    expect(await within(stream.ended, 'the end of the stream')).toBe(0);
    expect(stream.text()).toContain('ended');
  });

  test('that nginx does not accept is refused before the switch, with its words', async () => {
    const { machine, maker } = target;
    const before = [await current(machine), ...(await nginxProcesses(machine))];
    const upload = await maker.make({ changeTree: (tree) => spoil(tree, 'etc/hardening/gateway/tls.conf') });
    const { status, stderr } = await activate(machine, upload);
    expect(status).toBe(2);
    expect(stderr).toMatch(/unknown directive "no_such_directive" in \/etc\/hardening\/gateway\/tls\.conf:1/);
    expect([await current(machine), ...(await nginxProcesses(machine))]).toEqual(before);
    expect(await call(machine, 'ci')).toBe(200);
  });

  test('with a unit that systemd does not accept is refused before the switch', async () => {
    const { machine, maker } = target;
    const unit = 'etc/systemd/system/hardening-gateway.service';
    const upload = await maker.make({
      changeTree: (tree) =>
        tree.set(unit, { content: '[Service]\nType=no-such-type\nExecStart=nginx\n', mode: 0o644 }),
    });
    const { status, stderr } = await activate(machine, upload);
    expect(status).toBe(2);
    expect(stderr).toMatch(/hardening-gateway\.service/);
    expect(await call(machine, 'ci')).toBe(200);
  });

  test('that turns out unhealthy is taken back, and the one before serves', async () => {
    const { machine, maker } = target;
    const before = await current(machine);
    const upload = await maker.make({ gateway: { keepaliveRequests: 7 } });
    await target.upstream.stop();
    const { status, stderr, stdout } = await activate(machine, upload);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Ollama does not answer the gateway \(502\)/);
    expect(stdout).toContain(`the machine serves what it served before: release ${before}`);
    expect(await current(machine)).toBe(before);
    target.upstream = await startUpstream(machine);
    expect([await call(machine, 'ci'), await call(machine)]).toEqual([200, 401]);
    expect(await machine.output(['cat', '/etc/hardening/gateway/limits.conf'])).not.toContain(
      'keepalive_requests 7',
    );
    const shown = await machine.run(releaseCommand('status'));
    expect(shown.status).toBe(1);
    expect(shown.stdout).toMatch(/last_outcome failed\nlast_reason .*502/);
  });

  test('is taken back where Ollama can be reached on a port that nobody should reach', async () => {
    const { machine, maker } = target;
    const { status, stderr } = await activate(
      machine,
      await maker.make({ settings: { isolation: 'namespace' } }),
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/listens on port 11434, where Ollama is not to be reached/);
    expect(await call(machine, 'ci')).toBe(200);
  });

  test('brings new units, and removes what an earlier one had and it has not', async () => {
    const { machine, maker } = target;
    const trial = 'etc/systemd/system/hardening-trial.service';
    const unit = `[Service]\nType=exec\nExecStart=/usr/bin/sleep infinity\n\n[Install]\nWantedBy=multi-user.target\n`;
    const withUnit = await maker.make({
      changeTree: (tree) =>
        tree.set(trial, { content: unit, mode: 0o644 }).set('etc/logrotate.d/hardening-trial', {
          content: '/var/log/trial.log {\n    missingok\n}\n',
          mode: 0o644,
        }),
    });
    expect(await activate(machine, withUnit)).toMatchObject({ status: 0, stderr: '' });
    expect((await machine.run(['systemctl', 'is-active', 'hardening-trial.service'])).stdout).toBe(
      'active\n',
    );
    // logrotate reads it although it is a link.
    const debugged = await machine.run(['logrotate', '--debug', '/etc/logrotate.conf']);
    expect(debugged.stderr).toContain('/var/log/trial.log');

    expect(await activate(machine, await maker.make())).toMatchObject({ status: 0, stderr: '' });
    expect((await machine.run(['systemctl', 'is-active', 'hardening-trial.service'])).stdout).toBe(
      'inactive\n',
    );
    const find = ['find', '/etc', '-name', '*hardening-trial*'];
    expect(await machine.output(find)).toBe('');
    expect(await call(machine, 'ci')).toBe(200);
  });

  test('with another unit of the gateway restarts it', async () => {
    const { machine, maker } = target;
    const [main] = await nginxProcesses(machine);
    const path = 'etc/systemd/system/hardening-gateway.service';
    const upload = await maker.make({
      changeTree: (tree) =>
        tree.set(path, {
          content: (tree.get(path)?.content ?? '').replace('RestartSec=1s', 'RestartSec=2s'),
          mode: 0o644,
        }),
    });
    const { status, stdout } = await activate(machine, upload);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/it restarts/) as string });
    expect((await nginxProcesses(machine))[0]).not.toBe(main);
    expect(
      await machine.output(['systemctl', 'show', '-p', 'RestartUSec', 'hardening-gateway.service']),
    ).toBe('RestartUSec=2s\n');
    expect(await activate(machine, await maker.make())).toMatchObject({ status: 0, stderr: '' });
  });

  test('puts right what was changed on the machine', async () => {
    const { machine, maker } = target;
    await machine.output([
      'sh',
      '-c',
      'echo "# by hand" >>/etc/hardening/gateway/limits.conf; rm /etc/logrotate.d/hardening-gateway',
    ]);
    const shown = await machine.run(releaseCommand('status'));
    expect(shown.status).toBe(1);
    expect(shown.stdout).toContain('drift /etc/hardening/gateway/limits.conf\n');
    expect(shown.stdout).toContain('drift /etc/logrotate.d/hardening-gateway\n');
    const { status, stdout } = await activate(machine, await maker.make());
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/put right[^]*reloads nginx/) as string,
    });
    expect((await machine.run(releaseCommand('status'))).stdout).not.toContain('drift');
  });

  test('with other certificates reloads nginx, which serves with them', async () => {
    const { machine, maker } = target;
    const [main] = await nginxProcesses(machine);
    const { status, stdout } = await activate(machine, await maker.make({ pki: 'other' }));
    expect(status).toBe(0);
    expect(stdout.match(/reloads|restarts|starts|stops/g)).toEqual(['reloads']);
    expect((await nginxProcesses(machine))[0]).toBe(main);
    // The client does not know the other CA, and the other way round.
    expect(await call(machine, 'ci')).toBe(0);
    expect(await call(machine, 'ci', '/ollama/api/tags', ['--insecure'])).toBe(401);
    expect(await activate(machine, await maker.make())).toMatchObject({ status: 0, stderr: '' });
    expect(await call(machine, 'ci')).toBe(200);
  });

  test('keeps five releases, and goes back to any of them', async () => {
    const { machine, maker } = target;
    for (const keepaliveRequests of [11, 12, 13, 14, 15]) {
      expect(await activate(machine, await maker.make({ gateway: { keepaliveRequests } }))).toMatchObject({
        status: 0,
      });
    }
    const list = (await machine.output(releaseCommand('list'))).trim().split('\n');
    expect(list).toHaveLength(5);
    const oldest = list[4]?.split(' ')[0] ?? '';
    expect(await machine.run(releaseCommand('rollback', oldest.slice(0, 12)))).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(await current(machine)).toBe(oldest);
    expect(await machine.output(['cat', '/etc/hardening/gateway/limits.conf'])).toContain(
      'keepalive_requests 11;',
    );
    expect(await call(machine, 'ci')).toBe(200);
    // Back and forth.
    expect((await machine.run(releaseCommand('rollback'))).status).toBe(0);
    expect(await current(machine)).toBe(list[0]?.split(' ')[0]);
    expect((await machine.run(releaseCommand('rollback', 'no-such'))).status).toBe(2);
  });
});

function spoil(tree: Map<string, RenderedFile>, path: string): void {
  tree.set(path, { content: `no_such_directive on;\n${tree.get(path)?.content ?? ''}`, mode: 0o644 });
}
