import type { KeyObject, X509Certificate } from 'node:crypto';
import { isIdentity, type Identity } from './identity.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** The lifetime of a certificate in whole days, both ends counted. */
export function lifetimeDaysOf(certificate: X509Certificate): number {
  return Math.round((Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / dayMs);
}

/**
 * True if a certificate is this key's (any key's, where it is undefined), was issued by this CA for this many days, and is neither from the future nor in
 * the last third of its life, when ACME clients renew as well.
 */
export function isCurrent(
  certificate: X509Certificate,
  key: KeyObject | undefined,
  expected: { readonly authority: X509Certificate; readonly lifetimeDays: number; readonly now: Date },
): boolean {
  const { authority, lifetimeDays, now } = expected;
  const notAfter = Date.parse(certificate.validTo);
  return (
    (key === undefined || certificate.checkPrivateKey(key)) &&
    certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey) &&
    lifetimeDaysOf(certificate) === lifetimeDays &&
    now.getTime() >= Date.parse(certificate.validFrom) &&
    notAfter - now.getTime() > (lifetimeDays * dayMs) / 3
  );
}

/** A subject as OpenSSL prints it, one RDN per line and the first one first; control characters come escaped. */
function subjectLines(...rdns: readonly (readonly [type: string, value: string])[]): string {
  return rdns.map(([type, value]) => `${type}=${value}`).join('\n');
}

/** True if the subject is this identity, with no RDN more, less or in another place. */
export function speaksFor(certificate: X509Certificate, { stack, service, generation }: Identity): boolean {
  return (
    certificate.subject === subjectLines(['O', stack], ['CN', service], ['serialNumber', String(generation)])
  );
}

/** Who a subject speaks for; undefined for one that is no identity's. */
export function identityOf(certificate: X509Certificate): Identity | undefined {
  const [stack = '', service = '', generation = ''] = certificate.subject
    .split('\n')
    .map((line) => line.slice(line.indexOf('=') + 1));
  const identity = { stack, service, generation: Number(generation) };
  return isIdentity(identity) && speaksFor(certificate, identity) ? identity : undefined;
}

/** True if the subject is a CA of this organisation and name. */
export function isNamed(certificate: X509Certificate, organization: string, commonName: string): boolean {
  return certificate.subject === subjectLines(['O', organization], ['CN', commonName]);
}

/** True if the certificate is valid for these names and addresses and for no other. */
export function coversExactly(
  certificate: X509Certificate,
  serverNames: readonly string[],
  addresses: readonly string[],
): boolean {
  // Ours hold only DNS names and addresses, none of which has a comma in it.
  const entries = (certificate.subjectAltName ?? '').split(', ');
  return (
    entries.length === serverNames.length + addresses.length &&
    serverNames.every((name) => entries.includes(`DNS:${name}`)) &&
    addresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}
