import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { activate, bringClient, call, current, releaseCommand } from './support/target.ts';

const reason = reasonToSkip('authorities.test.ts');

describe.skipIf(reason !== undefined).each(distributions)('a change of the CA on %s', (distribution) => {
  let target: Target;
  /** What the certificates of the two CAs are answered; the machine's own certificate decides whom a client trusts. */
  const answers = async (): Promise<readonly number[]> => {
    const { machine } = target;
    return [await call(machine, 'ci'), await call(machine, 'ci-of-2')];
  };

  beforeAll(async () => {
    target = await bootTarget(distribution);
    const { machine, maker } = target;
    await bringClient(machine, 'ci-of-2', await maker.client('ci', 1, 'ca-2'), await maker.ca('ca-2'));
    await machine.write('/root/ca.crt', (await maker.ca()) + (await maker.ca('ca-2')));
  }, rootTimeoutMs);
  afterAll(async () => target.stop());

  test('is three releases: both are trusted, the other one issues, the first is dropped', async () => {
    const { machine, maker } = target;
    expect(await activate(machine, await maker.make())).toMatchObject({ status: 0, stderr: '' });
    expect(await answers()).toEqual([200, 401]);
    for (const options of [{ alsoTrusted: ['ca-2'] }, { pki: 'ca-2', alsoTrusted: ['own'] }]) {
      expect(await activate(machine, await maker.make(options))).toMatchObject({ status: 0, stderr: '' });
      expect(await answers()).toEqual([200, 200]);
    }
    const dropped = await activate(machine, await maker.make({ pki: 'ca-2' }));
    expect(dropped).toMatchObject({ status: 0, stderr: '' });
    expect(dropped.stdout).toMatch(/a CA is no longer trusted; earlier processes of nginx: \d+/);
    expect(await answers()).toEqual([401, 200]);
  });

  test('is not undone by a rollback, which says why', async () => {
    const { machine } = target;
    const before = await current(machine);
    const { status, stderr } = await machine.run(releaseCommand('rollback'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/trusts the CA CN=trial hardening CA,O=trial, which a later release dropped/);
    expect(await current(machine)).toBe(before);
    expect(await answers()).toEqual([401, 200]);
  });

  test('leaves the CRLs of both, for the releases that are kept', async () => {
    const { machine } = target;
    const crls = await machine.output(['cat', '/var/lib/hardening/crl.pem']);
    expect(crls.match(/BEGIN X509 CRL/g)).toHaveLength(2);
  });

  test('may be undone by the configuration, and says so', async () => {
    const { machine, maker } = target;
    const { status, stdout } = await activate(
      machine,
      await maker.make({ pki: 'ca-2', alsoTrusted: ['own'], crl: null, gateway: { keepaliveRequests: 31 } }),
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /NOTE: this release trusts a CA again that an earlier one dropped: CN=trial hardening CA,/,
    );
    expect(await answers()).toEqual([200, 200]);
    // From here on it is not a dropped one.
    expect((await machine.run(releaseCommand('rollback'))).status).toBe(0);
  });

  test('back by a rollback is no decision about the CA that leaves with it: the way forth stays open', async () => {
    const { machine, maker } = target;
    const [alone, both] = [
      await maker.make({ pki: 'ca-2', gateway: { keepaliveRequests: 32 } }),
      await maker.make({ pki: 'ca-2', alsoTrusted: ['ca-3'], gateway: { keepaliveRequests: 32 } }),
    ];
    for (const upload of [alone, both]) expect(await activate(machine, upload)).toMatchObject({ status: 0 });
    const back = await machine.run(releaseCommand('rollback'));
    expect(back.status).toBe(0);
    expect(back.stdout).toMatch(/a CA is no longer trusted; earlier processes/);
    expect((await machine.run(releaseCommand('rollback'))).status).toBe(0);
    expect(await current(machine)).toBe(both.release);
  });
});
