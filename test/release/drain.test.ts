import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { untilHolds, within } from '../gateway/support/waiting.ts';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { serverName, type ReleaseOptions } from './support/release.ts';
import { activate, activation, bring, bringClient, call, current, nginxProcesses, releaseCommand, startStream, type Stream } from './support/target.ts'; // prettier-ignore

const reason = reasonToSkip('drain.test.ts');

describe.skipIf(reason !== undefined).each(distributions)('requests that run on %s', (distribution) => {
  let target: Target;
  let generation = 1;

  beforeAll(async () => {
    target = await bootTarget(distribution);
  }, rootTimeoutMs);
  afterAll(async () => target.stop());

  /** A release that lets ci in, and with `leaver` also a generation of leaver that was never let in. */
  const release = (
    leaver: object | undefined,
    revocationDrainSeconds: number,
    more: ReleaseOptions = {},
  ): ReturnType<Target['maker']['make']> =>
    target.maker.make({
      services: { ci: {}, ...(leaver === undefined ? {} : { leaver: { generation, ...leaver } }) },
      gateway: { revocationDrainSeconds },
      ...more,
    });
  const drains = async (): Promise<string> =>
    target.machine.output(['systemctl', 'list-units', '--all', '--no-legend', '--plain', 'hardening-drain*']);
  const journal = async (): Promise<string> =>
    target.machine.output(['journalctl', '--output=cat', '--identifier=hardening-drain']);
  /** Waits for a stream to end before its time. */
  const untilCut = async (stream: Stream): Promise<void> => {
    await within(stream.ended, 'the end of the stream');
    expect(stream.text()).not.toContain('ended');
  };
  beforeEach(async () => {
    generation++;
    expect(await activate(target.machine, await release({}, 1))).toMatchObject({ status: 0 });
    await untilHolds(async () => (await drains()) === '', 'the end of earlier drains');
  });

  test('go on to their end where a release takes nobody away', async () => {
    const { machine, upstream } = target;
    const stream = await startStream(machine);
    const next = await release({}, 1, { gateway: { revocationDrainSeconds: 1, keepaliveRequests: 77 } });
    const { status, stdout } = await activate(machine, next);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.not.stringContaining('earlier processes of nginx:') as string }); // prettier-ignore
    expect(await drains()).toBe('');
    upstream.endStreams();
    expect(await within(stream.ended, 'the end of the stream')).toBe(0);
    expect(stream.text()).toContain('ended');
  });

  test('end some seconds after a release that takes an identity away, which says how many', async () => {
    const { machine } = target;
    const stream = await startStream(machine);
    const logged = ['grep', '-c', '/ollama/api/generate', '/var/log/hardening-gateway/access.log'];
    const { stdout: before } = await machine.run(logged);
    const counted = (await journal()).split('\n').length;
    const { status, stdout } = await activate(machine, await release(undefined, 3));
    expect(status).toBe(0);
    expect(stdout).toContain(
      'an identity is refused; earlier processes of nginx: 1, their open client connections: 1; what is left of them ends in 3 s\n',
    );
    // curl's exit code where a transfer ends before its time: another process serves what begins.
    expect(await within(stream.ended, 'the end of the stream')).not.toBe(0);
    expect(stream.text()).not.toContain('ended');
    expect(await call(machine, 'ci')).toBe(200);
    await untilHolds(async () => (await journal()).split('\n').length > counted, 'the line in the journal');
    expect((await journal()).trim().split('\n').at(-1)).toBe(
      'hardening: the drain is over; ended retired processes of nginx: 1, cut client connections: 1',
    );
    // As nginx logs a client that leaves.
    await untilHolds(async () => (await machine.run(logged)).stdout !== before, 'the line of the access log');
    expect((await machine.run(['ls', '-A', '/run/hardening/drains'])).stdout).toBe('');
  });

  test('end at once without a drain', async () => {
    const { machine } = target;
    const stream = await startStream(machine);
    const { stdout } = await activate(machine, await release(undefined, 0));
    expect(stdout).toContain('their open client connections: 1; they end now\n');
    await untilCut(stream);
    expect(await drains()).toBe('');
  });

  test('end also where they were retired by an earlier release', async () => {
    const { machine } = target;
    const stream = await startStream(machine);
    for (const keepaliveRequests of [78, 79]) {
      await activate(machine, await release({}, 1, { gateway: { keepaliveRequests } }));
    }
    const second = await startStream(machine);
    const { stdout } = await activate(machine, await release(undefined, 0));
    expect(stdout).toContain('earlier processes of nginx: 2, their open client connections: 2;');
    for (const one of [stream, second]) await untilCut(one);
  });

  test('end where the release that takes an identity away is itself refused', async () => {
    const { machine } = target;
    const stream = await startStream(machine);
    const spoiled = await release(undefined, 0, {
      changeTree: (tree) =>
        tree.set('etc/hardening/gateway/tls.conf', { content: 'nothing;\n', mode: 0o644 }),
    });
    expect(await activate(machine, spoiled)).toMatchObject({ status: 2 });
    await untilCut(stream);
  });

  test('end after a rollback that takes an identity away', async () => {
    const { machine } = target;
    generation++;
    const drain = { gateway: { revocationDrainSeconds: 1 } };
    expect(await activate(machine, await release({ overlap: true }, 1, drain))).toMatchObject({ status: 0 });
    const stream = await startStream(machine);
    const { status, stdout } = await machine.run(releaseCommand('rollback'));
    expect(status).toBe(0);
    expect(stdout).toContain(
      'an identity left; earlier processes of nginx: 1, their open client connections: 1',
    );
    await untilCut(stream);
    generation++;
  });

  test('and a death before the reload leave a timer that ends only what is retired; the next one reloads', async () => {
    const { machine } = target;
    const stream = await startStream(machine);
    let hasEnded = false;
    void stream.ended.then(() => (hasEnded = true));
    const upload = await release(undefined, 1);
    const folder = await bring(machine, upload);
    const before = await nginxProcesses(machine);
    const died = await machine.run(activation(folder, { HARDENING_STOP_AFTER: 'drain' }));
    expect(died.status).toBeNull();
    const guard = /^(hardening-drain-\S+-guard)\.timer/m.exec(await drains())?.[1] ?? '';
    await machine.output(['systemctl', 'start', `${guard}.service`]);
    const running = ['systemctl', 'is-active', `${guard}.service`];
    await untilHolds(async () => (await machine.run(running)).stdout === 'inactive\n', 'the timer');
    await machine.output(['systemctl', 'stop', `${guard}.timer`]);
    expect((await journal()).trim().split('\n').at(-1)).toMatch(
      /processes of nginx: 0, cut client connections: 0$/,
    );
    expect(await nginxProcesses(machine)).toEqual(before);
    expect(hasEnded).toBe(false);

    // Also where the same configuration is what is brought next.
    const again = await activate(machine, upload);
    expect(again.status).toBe(0);
    expect(again.stdout).toContain('an identity is refused; earlier processes of nginx: 1,');
    await within(stream.ended, 'the end of the stream');
    expect(await current(machine)).toBe(upload.release);
  });

  test('are cut by 20 revocations, while no request of others fails that begins', async () => {
    const { machine, maker } = target;
    for (const name of ['one', 'two'])
      await bringClient(machine, name, await maker.client(name), await maker.ca());
    const services = (leaver: number): object => ({
      ci: {},
      one: {},
      two: {},
      leaver: { generation: leaver },
    });
    const revoke = async (drain: number): Promise<void> => {
      const upload = await maker.make({ services: { ...services(++generation) }, gateway: { revocationDrainSeconds: drain } }); // prettier-ignore
      expect(await activate(machine, upload)).toMatchObject({ status: 0, stderr: '' });
    };
    // What began before a revocation has a second to end: of the load that is everything.
    await revoke(1);
    // Three identities: new connections, and one that is kept for fifty requests. curl says a status for each. On a kept
    // connection that the gateway closed it asks again by itself, with HTTP/1.1, as clients do.
    const load = machine.start([
      'sh',
      '-c',
      `rm -f /run/load.*; for name in ci one two; do
        while [ ! -e /run/load.stop ]; do
          for last in 1 50; do
            curl -q --silent --show-error --http1.1 --output /dev/null --max-time 10 --write-out '%{http_code}\\n' \
              --cacert /root/ca.crt --cert /root/$name.crt --key /root/$name.key \
              --resolve ${serverName}:443:127.0.0.1 "https://${serverName}/ollama/api/tags?[1-$last]" 2>&1
          done
          sleep 0.05
        done >/run/load.$name &
      done; wait; echo ended`,
    ]);
    const ended = new Promise((resolve) => load.stdout.once('data', resolve));
    let cut = 0;
    for (let round = 0; round < 20; round++) {
      const stream = await startStream(machine, 'one');
      await revoke(1);
      await untilCut(stream);
      cut++;
    }
    await machine.output(['touch', '/run/load.stop']);
    await within(ended, 'the load');
    expect(cut).toBe(20);
    for (const name of ['ci', 'one', 'two']) {
      const statuses = (await machine.output(['cat', `/run/load.${name}`])).trim().split('\n');
      expect([...new Set(statuses)]).toEqual(['200']);
      expect(statuses.length).toBeGreaterThan(500);
    }
  }, 300_000);

  test('in other processes are left alone, whatever their number', async () => {
    const { machine, upstream } = target;
    const stream = await startStream(machine);
    await activate(machine, await release({}, 1, { gateway: { keepaliveRequests: 80 } }));
    const sleep = machine.start(['sleep', '60']);
    const script = `
      set -eu
      . /var/lib/hardening/current/programs/common.sh
      . /var/lib/hardening/current/programs/workers.sh
      mkdir -p /run/trial && cp /var/lib/hardening/current/programs/* /run/trial
      retired=$(worker_processes | sed -n 's/ retired$//p')
      sleep=$(grep -l -x -s sleep /proc/[0-9]*/comm | head -n 1 | cut -d / -f 3)
      # An earlier process of that number, one that is no worker, one that accepts connections.
      echo "$retired 1" >/run/trial/workers
      echo "$sleep $(start_of "$sleep")" >>/run/trial/workers
      for pid in $(worker_processes | sed -n 's/ accepting$//p'); do echo "$pid $(start_of "$pid")"; done >>/run/trial/workers
      wc -l </run/trial/workers
      sh /run/trial/end-workers.sh 443`;
    const before = await nginxProcesses(machine);
    const said = await machine.output(['sh', '-c', script]);
    expect(Number(said.split('\n')[0])).toBeGreaterThanOrEqual(3);
    expect(said).toMatch(/processes of nginx: 0, cut client connections: 0$/m);
    expect(await nginxProcesses(machine)).toEqual(before);
    expect(sleep.exitCode ?? sleep.signalCode).toBeNull();
    sleep.kill();
    upstream.endStreams();
    expect(await within(stream.ended, 'the end of the stream')).toBe(0);
  });
});
