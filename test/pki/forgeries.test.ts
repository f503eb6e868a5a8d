import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, issueServer } from '../../lib/pki/authority.ts';
import { distinguishedName } from '../../lib/pki/identity.ts';
import { generateKey, privateKeyPem } from '../../lib/pki/keys.ts';
import { forgeries } from '../support/forge.ts';
import { rfc2253Subject } from './support/openssl.ts';
import { startTlsJudge, type TlsJudge } from './support/tls-judge.ts';

const victim = { stack: 'prod', service: 'ci', generation: 1 };
const serverName = 'gateway.example.test';
const now = new Date();
const authority = await createAuthority({
  commonName: 'Test CA',
  organization: 'prod',
  lifetimeDays: 30,
  now,
});
const table = forgeries({ authority, victim });

describe('forged client certificates before a real nginx that allows one distinguished name', () => {
  let judge: TlsJudge;

  beforeAll(async () => {
    const key = await generateKey();
    const serverCertificatePem = await issueServer(authority, {
      serverNames: [serverName],
      addresses: [],
      organization: 'prod',
      lifetimeDays: 1,
      now,
      publicKey: key,
    });
    judge = await startTlsJudge({
      caPem: authority.certificate.toString(),
      serverCertificatePem,
      serverKeyPem: privateKeyPem(key),
      serverName,
      allowed: distinguishedName(victim),
    });
  });
  afterAll(() => judge.stop());

  test('no certificate → 401', async () => {
    expect(await judge.ask()).toEqual({ status: 401, verify: 'NONE', distinguishedName: '' });
  });

  test.each(table)('$name → $expected ($why)', async ({ expected, refusedFor, make }) => {
    const { chainPem, keyPem } = make();
    const judgement = await judge.ask({ certPem: chainPem, keyPem });
    expect(judgement.status).toBe(expected);
    expect(judgement.verify).toMatch(refusedFor === 'chain' ? /^FAILED:/ : /^SUCCESS$/);
    if (expected === 200) expect(judgement.distinguishedName).toBe(distinguishedName(victim));
  });
});

test('every forgery has its own name, and says either why it is let in or what refuses it', () => {
  expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
  for (const { expected, accepted, refusedFor } of table) {
    expect(accepted !== undefined).toBe(expected === 200);
    expect(refusedFor !== undefined).toBe(expected === 401);
  }
});

test('the certificate builder agrees with openssl about the genuine subject', () => {
  const genuine = table.find(({ accepted }) => accepted === 'genuine');
  expect(rfc2253Subject(genuine?.make().certPem ?? '')).toBe(distinguishedName(victim));
});
