import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { untilHolds } from '../gateway/support/waiting.ts';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import type { Machine } from '../distributions/support/machine.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { serialOf, type ReleaseOptions } from './support/release.ts';
import { activate, activation, bring, call, current, gatewayUnit, releaseCommand } from './support/target.ts';
import { startUpstream } from './support/upstream.ts';

const reason = reasonToSkip('crashes.test.ts');

/** Every step that an activation can be killed after, read from the programs themselves. */
const steps = ['activate.sh', 'force.sh'].flatMap((name) => {
  const text = readFileSync(
    fileURLToPath(new URL(`../../lib/release/machine/${name}`, import.meta.url)),
    'utf8',
  );
  return [...text.matchAll(/^ *reached ([a-z-]+)$/gm)].map(([, step = '']) => step);
});

test('there are steps from the lock to the end', () => {
  expect(new Set(steps)).toEqual(
    new Set([
      ...['lock', 'verify', 'packages', 'users', 'ollama', 'lay-down', 'ledger', 'crl', 'state', 'preview'],
      ...['journal', 'switch', 'links', 'reload', 'health', 'end'],
    ]),
  );
  expect(steps).toHaveLength(new Set(steps).size);
});

describe.skipIf(reason !== undefined).each(distributions)('an activation that dies on %s', (distribution) => {
  let target: Target;
  let rate = 0;

  beforeAll(async () => {
    target = await bootTarget(distribution);
  }, rootTimeoutMs);
  afterAll(async () => target.stop());

  /** A release that no other test has. */
  const another = (more: ReleaseOptions = {}): ReturnType<Target['maker']['make']> =>
    target.maker.make({ gateway: { keepaliveRequests: 100 + rate++ }, ...more });
  // Each test may be run alone.
  beforeEach(async () => {
    if ((await current(target.machine)) === '') await activate(target.machine, await another());
  });
  const dies = async (folder: string, step: string): Promise<void> => {
    const { status, stderr } = await target.machine.run(activation(folder, { HARDENING_STOP_AFTER: step }));
    expect({ status, stderr }).toEqual({
      // As env(1) was replaced by sh, which killed itself.
      status: null,
      stderr: expect.stringContaining(`after '${step}'`) as string,
    });
  };

  describe.each(['first', 'later'])('the %s one', (which) => {
    test.each(steps)(
      "after '%s': the old or the new release serves, and the next one completes",
      async (step) => {
        const { machine } = target;
        if (which === 'first') await removeAll(target);
        const old = await current(machine);
        const upload = await another();
        await dies(await bring(machine, upload), step);
        expect([old, upload.release]).toContain(await current(machine));
        const served = await call(machine, 'ci');
        if (which === 'later') expect(served).toBe(200);

        expect(await activate(machine, upload)).toMatchObject({ status: 0, stderr: '' });
        expect(await current(machine)).toBe(upload.release);
        expect([await call(machine, 'ci'), await call(machine)]).toEqual([200, 401]);
        expect(await machine.output(['cat', '/var/lib/hardening/state/journal'])).toBe('');
        expect(await machine.output(['ls', '-A', '/var/lib/hardening/releases'])).not.toMatch(/^\./m);
      },
    );
  });

  test.each(['journal', 'switch', 'links', 'reload', 'health'])(
    "by a power cut after '%s' is undone before the gateway starts",
    async (step) => {
      const { machine } = target;
      const old = await current(machine);
      await dies(await bring(machine, await another()), step);
      await target.upstream.stop();
      await machine.powerCut();
      target.upstream = await startUpstream(machine);
      await untilHolds(async () => (await call(machine, 'ci')) === 200, 'the gateway');
      expect(await current(machine)).toBe(old);
      expect(await machine.output(['cat', '/var/lib/hardening/state/journal'])).toBe('');
      const { stdout } = await machine.run(releaseCommand('status'));
      expect(stdout).toMatch(/health ok\n[^]*last_outcome interrupted\n/);
      expect((await machine.run(['systemctl', '--failed', '--no-legend', '--plain'])).stdout).not.toContain(
        'hardening',
      );
    },
  );

  test('of which nothing is left to undo changes nothing at the next boot', async () => {
    const { machine } = target;
    const upload = await another();
    expect(await activate(machine, upload)).toMatchObject({ status: 0 });
    await target.upstream.stop();
    await machine.powerCut();
    target.upstream = await startUpstream(machine);
    await untilHolds(async () => (await call(machine, 'ci')) === 200, 'the gateway');
    expect(await current(machine)).toBe(upload.release);
    const condition = ['systemctl', 'show', '-p', 'ConditionResult', '--value', 'hardening-recover.service'];
    expect(await machine.output(condition)).toBe('no\n');
  });

  test('by `hardening-release recover` is undone at once', async () => {
    const { machine } = target;
    const old = await current(machine);
    await dies(await bring(machine, await another()), 'reload');
    expect((await machine.run(releaseCommand('status'))).stdout).toContain('interrupted ');
    expect(await machine.run(releaseCommand('recover'))).toMatchObject({ status: 0, stderr: '' });
    expect(await current(machine)).toBe(old);
    expect(await call(machine, 'ci')).toBe(200);
  });

  test('by a broken SSH session does not die: it goes on to its end', async () => {
    const { machine } = target;
    const upload = await another();
    const folder = await bring(machine, upload);
    const script = `${activation(folder).join(' ')} | head -n 1 & sleep 0.3; kill -HUP -- -$$; wait`;
    await machine.run(['setsid', 'sh', '-c', `trap '' HUP; ${script}`]);
    await untilHolds(async () => (await current(machine)) === upload.release, 'the release');
    await untilHolds(
      async () => (await machine.output(['cat', '/var/lib/hardening/state/journal'])) === '',
      'the end of the activation',
    );
  });

  test('by SIGTERM goes back by itself', async () => {
    const { machine } = target;
    const old = await current(machine);
    await target.upstream.stop();
    const folder = await bring(machine, await another());
    const running = machine.start(activation(folder, { HARDENING_HEALTH_SECONDS: '60' }));
    await untilHolds(async () => (await current(machine)) !== old, 'the switch');
    await terminate(machine);
    const [status] = (await once(running, 'close')) as [number | null];
    target.upstream = await startUpstream(machine);
    expect(status).toBe(1);
    expect(await current(machine)).toBe(old);
    expect(await call(machine, 'ci')).toBe(200);
  });

  test('is not needed for the second of two at once: it waits, or says who runs', async () => {
    const { machine, upstream } = target;
    await upstream.stop();
    const slow = machine.start(
      activation(await bring(machine, await another()), { HARDENING_HEALTH_SECONDS: '60' }),
    );
    const slowEnded = once(slow, 'close');
    await untilHolds(
      async () => (await machine.run(['test', '-s', '/var/lib/hardening/state/journal'])).status === 0,
      'the first',
    );
    const folder = await bring(machine, await another());
    const refused = await machine.run(activation(folder, { HARDENING_LOCK_SECONDS: '1' }));
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/another activation \(process \d+, since \S+\) still runs/);
    // Its keys are gone.
    expect((await machine.run(['test', '-e', folder])).status).toBe(1);
    const upload = await another();
    const waiting = machine.start(activation(await bring(machine, upload)));
    const waitingEnded = once(waiting, 'close');
    let said = '';
    waiting.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await untilHolds(() => said.includes('waits for another activation'), 'the second to wait');
    target.upstream = await startUpstream(machine);
    expect(await slowEnded).toEqual([0, null]);
    expect(await waitingEnded).toEqual([0, null]);
    expect(await current(machine)).toBe(upload.release);
  });

  test('and cannot go back says so, loudly, with what to do', async () => {
    const { machine, upstream } = target;
    await upstream.stop();
    const old = await current(machine);
    const folder = await bring(machine, await another());
    const running = machine.start(activation(folder, { HARDENING_HEALTH_SECONDS: '60' }));
    let errors = '';
    running.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    await untilHolds(async () => (await current(machine)) !== old, 'the switch');
    // The release of before is spoiled meanwhile: its gateway cannot be reloaded.
    await machine.output(['rm', `/var/lib/hardening/releases/${old}/files/etc/hardening/gateway/log.conf`]);
    await terminate(machine);
    const [status] = (await once(running, 'close')) as [number | null];
    target.upstream = await startUpstream(machine);
    expect(status).toBe(3);
    expect(errors).toMatch(/NOT BACK: [^]*what to do:[^]*hardening-release recover/);
    expect((await machine.run(releaseCommand('status'))).stdout).toMatch(/last_outcome stuck/);
    // Another release is the way out.
    const next = await activate(machine, await another());
    expect(next.status).toBe(0);
    expect(await call(machine, 'ci')).toBe(200);
  });

  // The last one: its CRL is in force from here on.
  test("after 'crl' leaves the CRLs whole, and the next one has nginx read them", async () => {
    const { machine, maker } = target;
    const client = await maker.client('leaver');
    await activate(machine, await another());
    expect(await call(machine, 'leaver')).toBe(200);
    const crl = await maker.crl({ number: 7, serialNumbers: [serialOf(client)] });
    const upload = await another({ crl });
    await dies(await bring(machine, upload), 'ledger');
    expect(await machine.output(['cat', '/var/lib/hardening/crl.pem'])).not.toBe(crl);
    await dies(await bring(machine, upload), 'crl');
    expect(await machine.output(['cat', '/var/lib/hardening/crl.pem'])).toBe(crl);
    expect(await call(machine, 'leaver')).toBe(200);
    // Any next one will do, also one that is refused later on.
    const spoiled = await another({
      crl,
      changeTree: (tree) => tree.set('etc/hardening/gateway/tls.conf', { content: 'no;\n', mode: 0o644 }),
    });
    expect(await activate(machine, spoiled)).toMatchObject({ status: 2 });
    expect([await call(machine, 'leaver'), await call(machine, 'ci')]).toEqual([401, 200]);
  });
});

/** Sends SIGTERM to the activation that runs. */
async function terminate(machine: Machine): Promise<void> {
  const holder = await machine.output(['cat', '/var/lib/hardening/lock.holder']);
  await machine.output(['sh', '-c', `kill ${/process (\d+)/.exec(holder)?.[1] ?? ''}`]);
}

/** Makes the machine one that has no release. */
async function removeAll({ machine }: Target): Promise<void> {
  await machine.run(['systemctl', 'stop', gatewayUnit]);
  await machine.output([
    'sh',
    '-c',
    'for link in $(sed "s/ ->.*//" /var/lib/hardening/releases/*/links 2>/dev/null); do rm -f "$link"; done; rm -rf /var/lib/hardening; systemctl daemon-reload',
  ]);
}
