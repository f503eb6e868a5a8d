import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { bundleText } from '../messages/bundle.ts';
import { speaksFor } from '../pki/fitness.ts';
import { distinguishedName, type Identity } from '../pki/identity.ts';
import type { IdentityMaterial } from './material.ts';

/** clientAuth (RFC 5280, 4.2.1.12). */
const clientAuthentication = '1.3.6.1.5.5.7.3.2';

const dayMs = 24 * 60 * 60 * 1000;

/** A certificate of a service, read and found good. */
export interface CheckedIdentity {
  readonly certificate: X509Certificate;
  readonly ends: Date;
  /** Whole days until its end. */
  readonly daysLeft: number;
}

/**
 * Reads what a bundle is to hold, and refuses what the gateway would refuse: a key of another certificate, a
 * certificate of another CA, of another subject, not for clients, or out of its time.
 *
 * @throws UserError saying which
 */
export function checkMaterial(material: IdentityMaterial, identity: Identity, now: Date): CheckedIdentity {
  const [certificate] = readCertificates(material.certificate, 'the certificate');
  if (material.key !== undefined && !certificate.checkPrivateKey(readKey(material.key)))
    throw bundleText.keyMismatch;
  if (!speaksFor(certificate, identity))
    throw bundleText.subjectMismatch(printedSubject(certificate), distinguishedName(identity));
  if (!isForClients(certificate)) throw bundleText.wrongUse;
  if (!isIssuedByOne(certificate, readCertificates(material.ca, 'the CA'))) throw bundleText.wrongChain;
  const [begins, ends] = [certificate.validFrom, certificate.validTo].map((text) => new Date(text));
  if (begins === undefined || ends === undefined) throw bundleText.malformed('the certificate');
  if (now < begins) throw bundleText.notYet(begins.toISOString());
  if (now >= ends) throw bundleText.ended(ends.toISOString());
  return { certificate, ends, daysLeft: daysBetween(now, ends) };
}

/** Whole days, rounded down. */
export function daysBetween(from: Date, to: Date): number {
  return Math.floor((to.getTime() - from.getTime()) / dayMs);
}

/** A subject as nginx prints it: the last RDN first. */
export function printedSubject(certificate: X509Certificate): string {
  return certificate.subject.split('\n').reverse().join(',');
}

/** The generation in a certificate's subject; undefined where there is none. */
export function generationOf(certificate: X509Certificate): number | undefined {
  const found = /(?:^|\n)serialNumber=([1-9][0-9]*)(?:\n|$)/.exec(certificate.subject)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** True for a certificate that may be used by a TLS client. */
export function isForClients(certificate: X509Certificate): boolean {
  // Undefined for one without the extension, whatever the types say; it would be good for every purpose.
  const uses = certificate.keyUsage as string[] | undefined;
  return !certificate.ca && uses !== undefined && uses.includes(clientAuthentication);
}

/** True where one of the CAs issued the certificate: by name and by signature. */
export function isIssuedByOne(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
): boolean {
  return authorities.some(
    (authority) =>
      authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
  );
}

/**
 * All certificates of a PEM text.
 *
 * @throws UserError naming `what`, where there is none or one that cannot be read
 */
export function readCertificates(pem: string, what: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    const [first, ...others] = blocks.map((block) => new X509Certificate(block));
    if (first !== undefined) return [first, ...others];
  } catch {
    // Told below.
  }
  throw bundleText.malformed(what);
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw bundleText.malformed('the private key'); // Without the cause: nothing of a key belongs into a message.
  }
}
