import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { serialOf, type ReleaseOptions } from './support/release.ts';
import { activate, call, current, nginxProcesses, releaseCommand } from './support/target.ts';

const reason = reasonToSkip('crl.test.ts');
const inForce = '/var/lib/hardening/crl.pem';
const dayMs = 24 * 60 * 60 * 1000;
const daysFromNow = (days: number): Date => new Date(Date.now() + days * dayMs);

describe.skipIf(reason !== undefined).each(distributions)('a CRL on %s', (distribution) => {
  let target: Target;
  let number = 0;
  /** The serial number that every CRL from here on has to list. */
  let revoked: bigint;
  /** The text of the CRL that is in force. */
  let kept: string;

  beforeAll(async () => {
    target = await bootTarget(distribution);
    revoked = serialOf(await target.maker.client('leaver'));
  }, rootTimeoutMs);
  afterAll(async () => target.stop());
  beforeEach(async () => {
    const { machine, maker } = target;
    if (number > 0) return;
    number = 5;
    kept = await maker.crl({ number, serialNumbers: [revoked] });
    expect(await activate(machine, await maker.make({ crl: kept }))).toMatchObject({ status: 0, stderr: '' });
  });

  /** What a release with this is answered; the CRL in force and who is let in must be as before. */
  const refusal = async (options: ReleaseOptions): Promise<string> => {
    const { machine, maker } = target;
    const before = [await current(machine), ...(await nginxProcesses(machine))];
    const { status, stderr } = await activate(machine, await maker.make(options));
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/^hardening: stopped: .*\n.* what to do: /) as string,
    });
    expect(await machine.output(['cat', inForce])).toBe(kept);
    expect([await current(machine), ...(await nginxProcesses(machine))]).toEqual(before);
    expect(await call(machine, 'ci')).toBe(200);
    return stderr;
  };

  test('refuses the certificate that it lists, though its identity is let in', async () => {
    const { machine } = target;
    expect(await call(machine, 'ci')).toBe(200);
    expect(await call(machine, 'leaver')).toBe(401);
    expect(await machine.output(['cat', inForce])).toBe(kept);
  });

  test('agrees with `openssl verify -crl_check`', async () => {
    const { machine } = target;
    const verify = (client: string): string[] => [
      ...['openssl', 'verify', '-crl_check', '-CAfile', '/root/ca.crt', '-CRLfile', inForce],
      `/root/${client}.crt`,
    ];
    expect((await machine.run(verify('ci'))).status).toBe(0);
    expect((await machine.run(verify('leaver'))).stderr).toContain('certificate revoked');
  });

  test('stays where an upload brings none', async () => {
    const { machine, maker } = target;
    const upload = await maker.make({ crl: null, gateway: { keepaliveRequests: 21 } });
    expect(await activate(machine, upload)).toMatchObject({ status: 0, stderr: '' });
    expect(await machine.output(['cat', inForce])).toBe(kept);
    expect(await call(machine, 'leaver')).toBe(401);
  });

  test('is refused where it is no CRL', async () => {
    expect(await refusal({ crl: 'nothing\n' })).toContain('tls/ca.crl has no CRL');
    expect(await refusal({ crl: await target.maker.ca() })).toContain('something that is no CRL');
    expect(await refusal({ crl: `${kept}${await target.maker.ca()}` })).toContain('something that is no CRL');
    const empty = '-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n';
    expect(await refusal({ crl: empty })).toContain('a CRL of tls/ca.crl is corrupt');
  });

  test('is refused where its signature is not right', async () => {
    const der = Buffer.from(kept.replace(/-----.*-----/g, ''), 'base64');
    der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
    const spoiled = `-----BEGIN X509 CRL-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END X509 CRL-----\n`;
    expect(await refusal({ crl: spoiled })).toMatch(/not signed by a CA that this release trusts/);
  });

  test('is refused where another CA of the same name signed it', async () => {
    const { maker } = target;
    await maker.ca('other');
    const foreign = await maker.crl({ number: 9, pki: 'other', serialNumbers: [revoked] });
    expect(await refusal({ crl: foreign })).toMatch(/not signed by a CA that this release trusts/);
  });

  test('is refused out of date, and before its time', async () => {
    const { maker } = target;
    const content = { number: 9, serialNumbers: [revoked] };
    const ended = await maker.crl({ ...content, now: daysFromNow(-2), nextUpdate: daysFromNow(-1) });
    expect(await refusal({ crl: ended })).toMatch(/out of date: its next update was due 20/);
    const later = await maker.crl({ ...content, now: daysFromNow(1) });
    expect(await refusal({ crl: later })).toMatch(/holds from 20.* on, here it is 20/);
  });

  test('is refused with a number before that of the one in force', async () => {
    const earlier = await target.maker.crl({ number: 4, serialNumbers: [revoked] });
    expect(await refusal({ crl: earlier })).toContain(
      'has the number 0x04, which is before that in force: 0x05',
    );
  });

  test('is refused where it lacks a serial number that has not ended', async () => {
    const shrunk = await target.maker.crl({ number: 9, serialNumbers: [7n] });
    expect(await refusal({ crl: shrunk })).toContain(`lacks the serial number ${String(revoked)}`);
  });

  test("is refused where it lists the machine's own certificate", async () => {
    const own = serialOf(await target.maker.client('health'));
    const crl = await target.maker.crl({ number: 9, serialNumbers: [revoked, own] });
    expect(await refusal({ crl })).toMatch(/machine's own certificate is not accepted: certificate revoked/);
  });

  test('is refused twice', async () => {
    expect(await refusal({ crl: `${kept}${kept}` })).toContain('has two CRLs of');
  });

  test('is needed of every CA that a release trusts', async () => {
    expect(await refusal({ alsoTrusted: ['ca-2'], crl: kept })).toMatch(
      /there is no CRL of CN=trial hardening CA 2,O=trial, neither in the upload nor on this machine/,
    );
  });

  test('with a higher number alone is kept, and nothing is reloaded', async () => {
    const { machine, maker } = target;
    await activate(machine, await maker.make({ crl: null }));
    const before = await nginxProcesses(machine);
    kept = await maker.crl({ number: ++number, serialNumbers: [revoked] });
    const { status, stdout } = await activate(machine, await maker.make({ crl: kept }));
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('unchanged') as string });
    expect(await machine.output(['cat', inForce])).toBe(kept);
    expect(await nginxProcesses(machine)).toEqual(before);
  });

  test('may lose what has ended by the ledger, or is older than any certificate lives', async () => {
    const { machine, maker } = target;
    const long = { revocationDate: daysFromNow(-500) };
    kept = await maker.crl({ number: ++number, serialNumbers: [11n, 12n], ...long });
    const first = await activate(machine, await maker.make({ crl: kept }));
    // 12 was never heard of and is old; the other two are known to the ledger.
    expect(first.stderr).toContain(`lacks the serial number ${String(revoked)}`);
    const line = { authority: '1', service: 'ci', generation: 1 };
    const issued = [
      { ...line, serialNumber: '11', notAfter: daysFromNow(-1).toISOString().replace(/\.\d+/, '') },
      { ...line, serialNumber: '12', notAfter: daysFromNow(3).toISOString().replace(/\.\d+/, '') },
    ];
    kept = await maker.crl({ number: ++number, serialNumbers: [revoked, 11n, 12n, 13n], ...long });
    expect(await activate(machine, await maker.make({ crl: kept, issued }))).toMatchObject({ status: 0 });
    const shrunk = await maker.crl({ number: ++number, serialNumbers: [revoked] });
    expect(await refusal({ crl: shrunk, issued })).toContain('lacks the serial number 12,');
    kept = await maker.crl({ number: ++number, serialNumbers: [revoked, 12n] });
    expect(await activate(machine, await maker.make({ crl: kept, issued }))).toMatchObject({ status: 0 });
    expect(await call(machine, 'ci')).toBe(200);
  });

  test('that revokes a certificate is in force before anything else of the release', async () => {
    const { machine, maker } = target;
    kept = await maker.crl({
      number: ++number,
      serialNumbers: [revoked, 12n, serialOf(await maker.client('ci'))],
    });
    const spoiled = await maker.make({
      crl: kept,
      changeTree: (tree) =>
        tree.set('etc/hardening/gateway/tls.conf', { content: 'nothing;\n', mode: 0o644 }),
    });
    const { status, stdout } = await activate(machine, spoiled);
    expect(status).toBe(2);
    expect(stdout).toMatch(/certificates were revoked; earlier processes of nginx: \d+/);
    expect(await call(machine, 'ci')).toBe(401);
    // No rollback brings an earlier one back.
    expect((await machine.run(releaseCommand('rollback'))).status).toBe(0);
    expect(await call(machine, 'ci')).toBe(401);
  });

  test.each([
    ['is missing', `rm ${inForce}`],
    ['cannot be read by nginx', `chmod 600 ${inForce}`],
    ['is empty', `: >${inForce}`],
  ])(
    'that %s is shown by `status`, stops a rollback, and the next apply puts it right',
    async (_what, spoil) => {
      const { machine, maker } = target;
      await machine.output(['sh', '-c', spoil]);
      const shown = await machine.run(releaseCommand('status'));
      expect(shown).toMatchObject({
        status: 1,
        stdout: expect.stringContaining(`drift ${inForce}\n`) as string,
      });
      expect((await machine.run(releaseCommand('rollback'))).stderr).toMatch(
        /nobody could come in with release/,
      );
      expect(await activate(machine, await maker.make({ crl: kept }))).toMatchObject({ status: 0 });
      expect((await machine.run(releaseCommand('status'))).stdout).not.toContain('drift');
    },
  );
});
