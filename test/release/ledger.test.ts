import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import type { IssuedCertificate, Upload } from '../../lib/release/upload.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { serialOf } from './support/release.ts';
import { activate, bring, releaseCommand } from './support/target.ts';

const reason = reasonToSkip('ledger.test.ts');
const ledger = '/var/lib/hardening/state/issued';
const timeAfterDays = (days: number): string =>
  new Date(Date.now() + days * 24 * 60 * 60 * 1000).toISOString().replace(/\.\d+/, '');
const certificate = (
  service: string,
  serialNumber: string,
  more: Partial<IssuedCertificate> = {},
): IssuedCertificate => ({
  ...{ authority: '1', serialNumber, service, generation: 1, notAfter: timeAfterDays(3) },
  ...more,
});

describe.skipIf(reason !== undefined).each(distributions)(
  'the ledger of certificates on %s',
  (distribution) => {
    let target: Target;
    beforeAll(async () => {
      target = await bootTarget(distribution);
    }, rootTimeoutMs);
    afterAll(async () => target.stop());

    /** The serial numbers that a CRL has to list before this upload is put in force, and the CRLs in force. */
    const revocations = async (upload: Upload): Promise<{ serials: string[]; crl: string }> => {
      const { machine } = target;
      const folder = await bring(machine, upload);
      const seen = ['sh', '-c', "find /var/lib/hardening -printf '%p %s %T@\\n' | sort"];
      const before = await machine.output(seen);
      const text = await machine.output(['sh', `${folder}/programs/revocations.sh`]);
      expect(await machine.output(seen)).toBe(before);
      await machine.output(['rm', '-rf', folder]);
      const [lines = '', crl = ''] = text.split(/^crl\n/m);
      return { serials: lines.split('\n').filter(Boolean).map((line) => line.split(' ')[2] ?? '').sort(), crl }; // prettier-ignore
    };

    test('is not needed by a machine that has none: what the upload itself refuses is told', async () => {
      const { maker } = target;
      const issued = [certificate('ci', '1'), certificate('gone', '2'), certificate('leaver', '3')];
      const revoked = [
        { service: 'leaver', generation: 1, date: '2026-11-25', reason: 'Its host was stolen.' },
      ];
      expect(await revocations(await maker.make({ issued, revoked }))).toEqual({
        serials: ['2', '3'],
        crl: '',
      });
    });

    test('has what every release had, and names a service that left, in the lines that are signed', async () => {
      const { machine, maker } = target;
      const upload = await maker.make();
      expect(await activate(machine, upload)).toMatchObject({ status: 0, stderr: '' });
      expect((await machine.output(['cat', ledger])).split('\n')).toEqual(
        (upload.files.get('issued')?.content ?? '').split('\n').sort().slice(1).concat(''),
      );
      expect((await machine.output(['stat', '-c', '%a', ledger])).trim()).toBe('600');

      const left = await maker.make({ services: { ci: {} } });
      const serial = String(serialOf(await maker.client('leaver')));
      expect(await revocations(left)).toEqual({
        serials: [serial],
        crl: await machine.output(['cat', '/var/lib/hardening/crl.pem']),
      });
      const lines = await machine.output(['sh', `${await bring(machine, left)}/programs/revocations.sh`]);
      expect(lines).toMatch(
        new RegExp(`^revoke 1 ${serial} 20[0-9-]+T[0-9:]+Z\ncrl\n-----BEGIN X509 CRL-----\n`),
      );
      // Also when it is gone from the configuration for long.
      expect(await activate(machine, left)).toMatchObject({ status: 0, stderr: '' });
      const later = await maker.make({ services: { ci: { generation: 2 }, other: {} } });
      expect((await revocations(later)).serials).toEqual(
        [serial, String(serialOf(await maker.client('ci', 1)))].sort(),
      );
      expect((await revocations(upload)).serials).toEqual([serial]);
    });

    test('keeps both generations of an overlap, and a renewed certificate of the same', async () => {
      const { maker } = target;
      const issued = [
        certificate('ci', '21'),
        certificate('ci', '22'),
        certificate('ci', '23', { generation: 2 }),
        certificate('health', '24'),
      ];
      const services = { ci: { generation: 2, overlap: true } };
      const { serials } = await revocations(await maker.make({ services, issued }));
      expect(serials).toEqual([String(serialOf(await maker.client('leaver')))]);
    });

    test("revokes the machine's own certificate where a later generation of it came", async () => {
      const { maker } = target;
      const issued = [certificate('health', '31'), certificate('health', '32', { generation: 2 })];
      const { serials } = await revocations(await maker.make({ issued }));
      expect(serials).toContain('31');
      expect(serials).not.toContain('32');
    });

    test('leaves out what has ended, whatever the zone', async () => {
      const { maker } = target;
      const soon = (offset: string, hours: number): string =>
        new Date(Date.now() + hours * 60 * 60 * 1000).toISOString().replace(/\.\d+Z/, offset);
      const issued = [
        certificate('gone', '41', { notAfter: timeAfterDays(-1) }),
        // In a zone that is ahead, an hour from now by the clock on the wall is past.
        certificate('gone', '42', { notAfter: soon('+02:00', 1) }),
        certificate('gone', '43', { notAfter: soon('-02:00', -1) }),
        certificate('gone', '44', { notAfter: timeAfterDays(1) }),
      ];
      const { serials } = await revocations(await maker.make({ issued }));
      expect(serials.filter((serial) => serial.length === 2)).toEqual(['43', '44']);
    });

    test('forgets a certificate a year after its end', async () => {
      const { machine, maker } = target;
      const issued = [
        certificate('ci', '51', { notAfter: timeAfterDays(-364) }),
        certificate('ci', '52', { notAfter: timeAfterDays(-367) }),
        certificate('ci', '53', { authority: 'external-00c0ffee' }),
      ];
      expect(await activate(machine, await maker.make({ services: { ci: {} }, issued }))).toMatchObject({
        status: 0,
      });
      const kept = await machine.output(['cat', ledger]);
      expect(kept).toContain(' 51 ci 1 ');
      expect(kept).toContain('external-00c0ffee 53 ci 1 ');
      expect(kept).not.toContain(' 52 ');
      expect((await machine.run(releaseCommand('rollback'))).status).toBe(0);
      expect(await machine.output(['cat', ledger])).toBe(kept);
    });

    test.each([
      ['issued', '1 12 ci 1 tomorrow\n'],
      ['issued', 'ca 12 ci 1 2027-01-01T00:00:00Z\n'],
      ['identities', 'ci 1\nci 2\nci 3\n'],
      ['revoked', 'ci 1 soon It was stolen.\n'],
      ['revoked', 'ci stolen\n'],
    ])('and its kind: a file %s with %j is refused', async (file, content) => {
      const { machine, maker } = target;
      const upload = await maker.make();
      const files = new Map(upload.files).set(file, { content, mode: 0o644 });
      const { status, stderr } = await activate(machine, { ...upload, files });
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(file) as string });
      const folder = await bring(machine, { ...upload, files });
      expect(await machine.run(['sh', `${folder}/programs/revocations.sh`])).toMatchObject({
        status: 2,
        stdout: '',
      });
    });
  },
);
