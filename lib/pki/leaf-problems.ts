import type { X509Certificate } from 'node:crypto';
import { leafProblem } from '../messages/pki-external.ts';
import { lifetimeDaysOf } from './fitness.ts';
import type { Identity } from './identity.ts';
import { isP256 } from './keys.ts';
import type { CertificateProfile } from './profiles.ts';
import { nameText, subjectDer } from './subject.ts';
import * as x509 from './x509.ts';

/**
 * What is wrong with a certificate that a CA is said to have issued for this use: chain, time, key, usage. Its names are
 * judged by {@link identityProblems} and {@link nameProblems}.
 *
 * @param maximumLifetimeDays the longest lifetime; by default the profile's.
 */
export function leafProblems(
  certificate: X509Certificate,
  profile: CertificateProfile,
  authority: X509Certificate,
  now: Date,
  maximumLifetimeDays = profile.maximumLifetimeDays,
): string[] {
  const parsed = new x509.X509Certificate(new Uint8Array(certificate.raw));
  const days = lifetimeDaysOf(certificate);
  const constraints = parsed.getExtension(x509.BasicConstraintsExtension);
  const usage = parsed.getExtension(x509.KeyUsagesExtension)?.usages;
  const extended = parsed.getExtension(x509.ExtendedKeyUsageExtension)?.usages.map(String);
  const wantedUsages = profile.extendedKeyUsage.map((name): string => x509.ExtendedKeyUsage[name]);
  const checks: [boolean, string][] = [
    [certificate.checkIssued(authority) && certificate.verify(authority.publicKey), leafProblem.otherIssuer],
    [now >= new Date(certificate.validFrom), leafProblem.notBegun(certificate.validFrom)],
    [now <= new Date(certificate.validTo), leafProblem.ended(certificate.validTo)],
    [new Date(certificate.validTo) <= new Date(authority.validTo), leafProblem.outlives],
    [days <= maximumLifetimeDays, leafProblem.tooLong(days, maximumLifetimeDays)],
    [isP256(certificate.publicKey), leafProblem.otherKey],
    [constraints?.ca === false, leafProblem.mayBeCa],
    [usage === x509.KeyUsageFlags.digitalSignature, leafProblem.otherKeyUsage],
    [
      extended?.length === wantedUsages.length && wantedUsages.every((name) => extended.includes(name)),
      leafProblem.otherExtendedKeyUsage(profile.extendedKeyUsage),
    ],
  ];
  return checks.flatMap(([holds, problem]) => (holds ? [] : [problem]));
}

/** What is wrong with the names of a client certificate: its subject as DER is this identity's, and nothing else names anyone. */
export function identityProblems(certificate: X509Certificate, identity: Identity): string[] {
  const parsed = new x509.X509Certificate(new Uint8Array(certificate.raw));
  const got = parsed.subjectName.toArrayBuffer();
  const expected = subjectDer(identity);
  const isExact =
    Buffer.compare(new Uint8Array(got), expected) === 0 && certificate.raw.includes(Buffer.from(expected));
  return [
    ...(isExact ? [] : [leafProblem.otherSubject(nameText(got), nameText(expected))]),
    ...(certificate.subjectAltName === undefined ? [] : [leafProblem.alsoNamed(certificate.subjectAltName)]),
  ];
}
