import { createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { foreignIdentity } from '../../lib/probe/foreign-identity.ts';
import { createAuthority, issueClient } from '../../lib/pki/authority.ts';
import { generateKey } from '../../lib/pki/keys.ts';

test('carries the name of a certificate of ours, and says it in its own words', async () => {
  const now = new Date();
  const key = await generateKey();
  const authority = await createAuthority({
    commonName: 'CA',
    organization: 'prod',
    lifetimeDays: 10,
    now,
    key: await generateKey(),
  });
  const ours = await issueClient(authority, {
    identity: { stack: 'prod', service: 'ci', generation: 7 },
    lifetimeDays: 5,
    now,
    publicKey: createPublicKey(key),
  });
  const { identity, subject } = await foreignIdentity(ours);
  expect(subject).toBe('O=prod, CN=ci, serialNumber=7');
  const forged = new X509Certificate(identity.cert);
  expect(forged.subject).toBe(new X509Certificate(ours).subject);
  expect(forged.verify(authority.certificate.publicKey)).toBe(false);
});
