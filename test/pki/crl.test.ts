import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAuthority, issueClient, issueServer } from '../../lib/pki/authority.ts';
import { issueCrl, revocationReasons, type RevocationReason, type RevokedEntry } from '../../lib/pki/crl.ts';
import { generateKey } from '../../lib/pki/keys.ts';
import { readCrls, verifyCrl } from '../../lib/pki/read-crl.ts';
import { serialNumberOf } from '../../lib/pki/serial-number.ts';
import * as der from '../support/der.ts';
import { openssl } from './support/openssl.ts';
import { temporaryFiles } from './support/temporary-folder.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = new Date();
const wanted = { commonName: 'prod hardening CA', organization: 'prod', lifetimeDays: 400, now };
const authority = await createAuthority(wanted);
const caPem = authority.certificate.toString();
const client = async (service: string): Promise<string> => {
  const { publicKey } = { publicKey: await generateKey() };
  const identity = { stack: 'prod', service, generation: 1 };
  return issueClient(authority, { identity, lifetimeDays: 90, now, publicKey });
};
const serial = (pem: string): bigint => serialNumberOf(new X509Certificate(pem));
const issue = (revoked: readonly RevokedEntry[] = [], change: object = {}): Promise<string> =>
  issueCrl(authority, { revoked, number: 1n, now, ...change });
const read = (pem: string) => {
  const [crl, ...others] = readCrls(pem, 'ca.crl');
  if (crl === undefined || others.length > 0) throw new Error('not one list');
  return crl;
};
const text = (pem: string): string =>
  openssl(['crl', '-noout', '-text', '-nameopt', 'RFC2253'], pem).stdout.replace(/\s+/g, ' ');

/** What `openssl verify -crl_check` says about a certificate. */
function verify(leaf: string, crl: string, ca = caPem): string {
  const paths = temporaryFiles({ ca, leaf, crl });
  const { status, stderr } = openssl([
    'verify',
    '-x509_strict',
    '-crl_check',
    '-CRLfile',
    paths.crl,
    '-CAfile',
    paths.ca,
    paths.leaf,
  ]);
  return status === 0 ? 'OK' : (/error \d+ at \d+ depth lookup: (.*)/.exec(stderr)?.[1] ?? stderr);
}

describe('openssl verify -crl_check, strictly by RFC 5280', () => {
  test('refuses the listed certificates and accepts every other one', async () => {
    const [ci, review, dashboard] = [await client('ci'), await client('review'), await client('dashboard')];
    const server = await issueServer(authority, {
      serverNames: ['gateway.example.test'],
      addresses: [],
      organization: 'prod',
      lifetimeDays: 90,
      now,
      publicKey: await generateKey(),
    });
    const crl = await issue([
      { serialNumber: serial(ci), revocationDate: now },
      { serialNumber: serial(review), revocationDate: now, reason: 'keyCompromise' },
    ]);
    expect(verify(ci, crl)).toBe('certificate revoked');
    expect(verify(review, crl)).toBe('certificate revoked');
    expect(verify(dashboard, crl)).toBe('OK');
    expect(verify(server, crl)).toBe('OK');
  });

  test('accepts all under an empty list, which lasts as long as the CA', async () => {
    const crl = await issue();
    expect(verify(await client('ci'), crl)).toBe('OK');
    expect(read(crl).nextUpdate).toEqual(new Date(authority.certificate.validTo));
    expect(text(crl)).toContain('No Revoked Certificates');
  });

  test('refuses a list whose nextUpdate has passed', async () => {
    const crl = await issue([], { nextUpdate: new Date(Date.now() - 1000) });
    expect(verify(await client('ci'), crl)).toBe('CRL has expired');
  });

  test('refuses the list of another CA of the same name', async () => {
    const other = await createAuthority(wanted);
    const crl = await issueCrl(other, { revoked: [], number: 1n, now });
    expect(verify(await client('ci'), crl)).not.toBe('OK');
  });
});

test('openssl crl shows version 2, the number, the key of the CA, dates, and reasons only where given', async () => {
  const revocationDate = new Date('2026-11-03T04:05:06.789Z');
  const crl = await issue(
    [
      { serialNumber: 0xabn, revocationDate },
      { serialNumber: 2n ** 127n, revocationDate, reason: 'superseded' },
      { serialNumber: 3n, revocationDate: new Date('2051-01-02T03:04:05Z'), reason: 'unspecified' },
    ],
    { number: 2n ** 64n },
  );
  const identifier = /X509v3 Subject Key Identifier: ([0-9A-F:]+)/.exec(
    openssl(['x509', '-noout', '-text'], caPem).stdout.replace(/\s+/g, ' '),
  );
  const shown = text(crl);
  expect(shown).toContain('Version 2 (0x1) Signature Algorithm: ecdsa-with-SHA256');
  expect(shown).toContain('Issuer: CN=prod hardening CA,O=prod');
  expect(shown).toContain(`X509v3 Authority Key Identifier: ${identifier?.[1] ?? 'none'}`);
  expect(shown).toMatch(/X509v3 CRL Number: (0x10000000000000000|18446744073709551616)/);
  expect(shown).toContain('Serial Number: AB Revocation Date: Nov 3 04:05:06 2026 GMT Serial Number: 80');
  expect(shown).toMatch(/Serial Number: 80{31} .*CRL entry extensions: X509v3 CRL Reason Code: Superseded/);
  expect(shown).toMatch(/Serial Number: 03 Revocation Date: Jan 2 03:04:05 2051 GMT Signature/);
  expect(shown.match(/Reason Code/g)).toHaveLength(1);
  expect(openssl(['crl', '-noout', '-CAfile', temporaryFiles({ caPem }).caPem], crl).stderr).toContain(
    'verify OK',
  );
});

test('thisUpdate lies five minutes back, though not before the CA', async () => {
  const later = new Date(now.getTime() + dayMs);
  expect(read(await issue([], { now: later })).thisUpdate.getTime()).toBe(
    Math.floor((later.getTime() - 5 * 60_000) / 1000) * 1000,
  );
  const young = await createAuthority({ ...wanted, now: new Date(now.getTime() + 5 * 60_000) });
  const first = await issueCrl(young, { revoked: [], number: 1n, now });
  expect(read(first).thisUpdate).toEqual(new Date(young.certificate.validFrom));
});

test('a serial number is listed once, with its first entry', async () => {
  const [early, late] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-02-01T00:00:00Z')];
  const crl = await issue([
    { serialNumber: 7n, revocationDate: early, reason: 'keyCompromise' },
    { serialNumber: 7n, revocationDate: late },
  ]);
  expect(read(crl).entries).toEqual([{ serialNumber: 7n, revocationDate: early, reason: 'keyCompromise' }]);
});

test('what is read can be signed again, with every reason', async () => {
  const reasons = Object.keys(revocationReasons).filter(
    (name) => name !== 'unspecified',
  ) as RevocationReason[];
  const revoked = reasons.map((reason, index) => ({
    serialNumber: BigInt(index + 1),
    revocationDate: new Date('2026-01-01T00:00:00Z'),
    reason,
  }));
  const first = read(await issue(revoked, { number: 41n }));
  expect(first.entries).toEqual(revoked);
  expect(first.issuer).toBe('O=prod, CN=prod hardening CA');
  const second = read(await issue(first.entries, { number: (first.number ?? 0n) + 1n }));
  expect(second.entries).toEqual(revoked);
  expect(second.number).toBe(42n);
});

test('several lists in one text come in their order, each as PEM of its own', async () => {
  const [one, two] = [await issue(), await issue([], { number: 2n })];
  const lists = readCrls(`# running\n${one}${two}`, 'ca.crl');
  expect(lists.map(({ number }) => number)).toEqual([1n, 2n]);
  expect(lists.map(({ pem }) => pem)).toEqual([one, two]);
  expect(readCrls('', 'ca.crl')).toEqual([]);
});

test('10,000 entries are signed, read, verified, and judged by openssl', async () => {
  const revoked = Array.from({ length: 10_000 }, (_, index) => ({
    serialNumber: 2n ** 120n + BigInt(index),
    revocationDate: now,
  }));
  const ci = await client('ci');
  const crl = await issue([...revoked, { serialNumber: serial(ci), revocationDate: now }]);
  expect(read(crl).entries).toHaveLength(10_001);
  expect(verifyCrl(read(crl), authority.certificate)).toBe(true);
  expect(verify(ci, crl)).toBe('certificate revoked');
  expect(verify(await client('review'), crl)).toBe('OK');
});

describe('verifyCrl', () => {
  const { certificate } = authority;

  test('accepts this CA only, its renewed certificate included', async () => {
    const crl = read(await issue());
    expect(verifyCrl(crl, certificate)).toBe(true);
    const renewed = await createAuthority({ ...wanted, key: authority.key, lifetimeDays: 500 });
    expect(verifyCrl(crl, renewed.certificate)).toBe(true);
    expect(verifyCrl(crl, (await createAuthority(wanted)).certificate)).toBe(false);
    const renamed = await createAuthority({ ...wanted, key: authority.key, commonName: 'another CA' });
    expect(verifyCrl(crl, renamed.certificate)).toBe(false);
  });

  test('refuses a list of which any octet was changed', async () => {
    const bytes = Buffer.from(
      (await issue([{ serialNumber: 5n, revocationDate: now }])).split('\n').slice(1, -2).join(''),
      'base64',
    );
    let judged = 0;
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 0x01;
      let crl;
      try {
        crl = read(der.pem('X509 CRL', changed));
      } catch {
        continue;
      }
      judged += 1;
      expect(verifyCrl(crl, certificate), `octet ${index}`).toBe(false);
    }
    expect(judged).toBeGreaterThan(50);
  });
});

describe('issueCrl refuses', () => {
  test('a number out of range, and a CA that ended', async () => {
    await expect(issue([], { number: -1n })).rejects.toThrow('cannot have the number -1');
    await expect(issue([], { number: 2n ** 159n })).rejects.toThrow('cannot have the number');
    await expect(issue([], { now: new Date(now.getTime() + 401 * dayMs) })).rejects.toThrow('ended');
  });

  test('a serial number that is not positive', async () => {
    await expect(issue([{ serialNumber: 0n, revocationDate: now }])).rejects.toThrow(RangeError);
  });
});

describe('readCrls refuses', () => {
  test.each([
    ['a certificate', caPem],
    ['a block that is no list', der.pem('X509 CRL', Buffer.from('nonsense'))],
    ['an empty block', der.pem('X509 CRL', Buffer.alloc(0))],
    ['a block cut off', caPem.slice(0, 200)],
  ])('%s', (_name, pem) => {
    expect(() => readCrls(pem, 'certs/ca.crl')).toThrow('certs/ca.crl does not hold PEM revocation lists');
  });

  test('a list with a critical extension', () => {
    const name = der.sequence();
    const algorithm = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));
    const critical = der.sequence(
      der.objectIdentifier('2.5.29.27'),
      der.boolean(true),
      der.octetString(der.integer(1)),
    );
    const list = der.sequence(
      der.sequence(
        der.integer(1),
        algorithm,
        name,
        der.utcTime(now),
        der.utcTime(now),
        der.context(0, der.sequence(critical)),
      ),
      algorithm,
      der.bitString(Buffer.from([1])),
    );
    expect(() => readCrls(der.pem('X509 CRL', list), 'delta.crl')).toThrow(
      'delta.crl holds a revocation list that is not whole',
    );
  });
});
