import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { activate, activation, bring, bringClient, call, current, releaseCommand } from './support/target.ts';
import { startUpstream } from './support/upstream.ts';

const reason = reasonToSkip('revocation.test.ts');

describe.skipIf(reason !== undefined).each(distributions)('a revocation on %s', (distribution) => {
  let target: Target;
  /** What the two clients of generation 1 are answered. */
  const answers = async (): Promise<Record<string, number>> => ({
    ci: await call(target.machine, 'ci'),
    leaver: await call(target.machine, 'leaver'),
  });

  beforeAll(async () => {
    target = await bootTarget(distribution);
  }, rootTimeoutMs);
  afterAll(async () => target.stop());

  test('by a release that has the service no more holds after a rollback', async () => {
    const { machine, maker } = target;
    const first = await maker.make();
    expect(await activate(machine, first)).toMatchObject({ status: 0 });
    expect(await answers()).toEqual({ ci: 200, leaver: 200 });

    expect(await activate(machine, await maker.make({ services: { ci: {} } }))).toMatchObject({ status: 0 });
    expect(await answers()).toEqual({ ci: 200, leaver: 401 });

    const back = await machine.run(releaseCommand('rollback'));
    expect(back).toMatchObject({ status: 0, stderr: '' });
    expect(back.stdout).toContain('leaver with generation 1 is in this release and stays refused');
    expect(await current(machine)).toBe(first.release);
    // Its allowlist has the service, as the release did when it was made.
    expect(await machine.output(['cat', '/etc/hardening/gateway/identities.conf'])).toContain('CN=leaver');
    expect(await answers()).toEqual({ ci: 200, leaver: 401 });
    const shown = await machine.run(releaseCommand('status', '--json'));
    expect(JSON.parse(shown.stdout)).toMatchObject({ refused: ['leaver 1'], last_outcome: 'rolled-back' });
  });

  test('holds when the same configuration is applied again, which says so', async () => {
    const { machine, maker } = target;
    const { status, stdout } = await activate(machine, await maker.make());
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /NOTE: leaver with generation 1 is in this release and stays refused.*raise its generation to 2$/m,
    );
    expect(await answers()).toEqual({ ci: 200, leaver: 401 });
  });

  test('ends for the service with the next generation, and for its old certificate never', async () => {
    const { machine, maker } = target;
    const services = { ci: {}, leaver: { generation: 2 } };
    expect(await activate(machine, await maker.make({ services }))).toMatchObject({ status: 0 });
    await bringClient(machine, 'leaver-2', await maker.client('leaver', 2), await maker.ca());
    expect(await call(machine, 'leaver-2')).toBe(200);
    expect(await answers()).toEqual({ ci: 200, leaver: 401 });
  });

  test('by a release that is unhealthy holds, though the release is taken back', async () => {
    const { machine, maker } = target;
    const before = await current(machine);
    await target.upstream.stop();
    const upload = await maker.make({ services: { ci: { generation: 2 }, leaver: { generation: 2 } } });
    expect(await activate(machine, upload)).toMatchObject({ status: 1 });
    target.upstream = await startUpstream(machine);
    expect(await current(machine)).toBe(before);
    expect(await call(machine, 'leaver-2')).toBe(200);
    expect(await answers()).toEqual({ ci: 401, leaver: 401 });
  });

  test('by a release that nginx does not accept holds', async () => {
    const { machine, maker } = target;
    const upload = await maker.make({
      services: { ci: { generation: 2 }, leaver: { generation: 3 } },
      changeTree: (tree) =>
        tree.set('etc/hardening/gateway/tls.conf', { content: 'nothing;\n', mode: 0o644 }),
    });
    expect(await activate(machine, upload)).toMatchObject({ status: 2 });
    expect(await call(machine, 'leaver-2')).toBe(401);
  });

  test('is in force when the activation is killed right after it was read', async () => {
    const { machine, maker } = target;
    const services = { ci: { generation: 3 }, leaver: { generation: 4 } };
    expect(await activate(machine, await maker.make({ services }))).toMatchObject({ status: 0 });
    await bringClient(machine, 'ci-3', await maker.client('ci', 3), await maker.ca());
    expect(await call(machine, 'ci-3')).toBe(200);
    const next = await bring(machine, await maker.make({ services: { leaver: { generation: 4 } } }));
    expect((await machine.run(activation(next, { HARDENING_STOP_AFTER: 'state' }))).status).toBeNull();
    expect(await call(machine, 'ci-3')).toBe(401);
  });

  test('that is listed refuses a service whatever its generation, and never the machine itself', async () => {
    const { machine, maker } = target;
    const services = { ci: { generation: 4 }, leaver: { generation: 4 } };
    const revoked = [
      { service: 'ci', generation: undefined, date: '2026-11-25', reason: 'its laptop was stolen' },
      {
        service: 'health',
        generation: undefined,
        date: '2026-11-25',
        reason: 'nobody may lock the machine out',
      },
    ];
    expect(await activate(machine, await maker.make({ services, revoked }))).toMatchObject({ status: 0 });
    await bringClient(machine, 'ci-4', await maker.client('ci', 4), await maker.ca());
    expect(await call(machine, 'ci-4')).toBe(401);
    expect(await machine.output(['cat', '/var/lib/hardening/refused.conf'])).not.toContain('health');
  });

  test('that somebody wrote into the state by hand cannot become a directive of nginx', async () => {
    const { machine, maker } = target;
    await machine.output([
      'sh',
      '-c',
      "printf '%s\\n' 'x\"1;} 1' 'default' 'a;b 2' \"leaver 99999999999999\" >>/var/lib/hardening/state/revoked",
    ]);
    expect(
      await activate(machine, await maker.make({ services: { leaver: { generation: 5 } } })),
    ).toMatchObject({
      status: 0,
    });
    const lines = (await machine.output(['cat', '/var/lib/hardening/refused.conf'])).trim().split('\n');
    expect(lines.slice(0, 3)).toEqual([
      expect.stringMatching(/^# /) as string,
      'map $allowed_dn $is_refused {',
      '    default 0;',
    ]);
    expect(lines.at(-1)).toBe('}');
    for (const line of lines.slice(3, -1)) {
      expect(line).toMatch(/^ {4}"serialNumber=[1-9]\d*,CN=[a-z][a-z0-9-]*,O=trial" 1;$/);
    }
    await bringClient(machine, 'leaver-5', await maker.client('leaver', 5), await maker.ca());
    expect(await call(machine, 'leaver-5')).toBe(200);
  });
});
