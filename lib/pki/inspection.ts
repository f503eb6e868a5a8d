import { X509Certificate } from 'node:crypto';
import { inspectionText as text } from '../messages/pki-inspection.ts';
import { UserError } from '../messages/user-error.ts';
import { listProblems } from './crl-agreement.ts';
import { identityOf } from './fitness.ts';
import { isIdentity } from './identity.ts';
import { identityProblems, leafProblems } from './leaf-problems.ts';
import { profiles } from './profiles.ts';
import { readCrls, type Crl } from './read-crl.ts';
import { checkRequest } from './request.ts';
import { serialNumberOf } from './serial-number.ts';
import { nameText } from './subject.ts';
import * as x509 from './x509.ts';

/** What a file is, in words, and what is wrong with it for this kit. */
export interface Inspection {
  readonly kind:
    'CA certificate' | 'server certificate' | 'client certificate' | 'request' | 'revocation list';
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** Empty if nothing is. */
  readonly problems: readonly string[];
}

/** The most entries of a list that are shown. */
const mostEntries = 20;

/**
 * Inspects a PEM text: certificates, one request, or revocation lists.
 *
 * @param authority the CA to judge by. Without one, issuer and signature are not judged.
 * @throws {UserError} for anything else, a private key included.
 */
export function inspect(
  pem: string,
  source: string,
  authority: X509Certificate | undefined,
  now: Date,
): Inspection[] {
  const labels = [...pem.matchAll(/-----BEGIN ([^-]+)-----/g)].map(([, label = '']) => label);
  if (labels.some((label) => label.includes('PRIVATE KEY'))) throw text.privateKey(source);
  if (labels.length > 0 && labels.every((label) => label === 'X509 CRL')) {
    return readCrls(pem, source).map((crl) => inspectCrl(crl, authority, now));
  }
  if (labels.length > 0 && labels.every((label) => label === 'CERTIFICATE')) {
    return certificatesOf(pem, source).map((certificate) => inspectCertificate(certificate, authority, now));
  }
  if (labels.some((label) => label.endsWith('CERTIFICATE REQUEST'))) return [inspectRequest(pem, source)];
  throw text.unknown(source);
}

function certificatesOf(pem: string, source: string): X509Certificate[] {
  try {
    return (pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map(
      (block) => new X509Certificate(block),
    );
  } catch {
    throw text.unknown(source);
  }
}

const inOneLine = (subject: string): string => subject.replaceAll('\n', ', ');

function inspectCertificate(
  certificate: X509Certificate,
  authority: X509Certificate | undefined,
  now: Date,
): Inspection {
  const parsed = new x509.X509Certificate(new Uint8Array(certificate.raw));
  const extended = parsed.getExtension(x509.ExtendedKeyUsageExtension)?.usages.map(String) ?? [];
  const isServer = extended.includes(x509.ExtendedKeyUsage.serverAuth);
  const identity = identityOf(certificate);
  const facts: [string, string][] = [
    [text.subject, inOneLine(certificate.subject)],
    [text.issuer, inOneLine(certificate.issuer)],
    [text.serialNumber, `${certificate.serialNumber} (${serialNumberOf(certificate)})`],
    [text.validFrom, new Date(certificate.validFrom).toISOString()],
    [text.validTo, new Date(certificate.validTo).toISOString()],
    [text.names, certificate.subjectAltName ?? text.none],
    [text.fingerprint, certificate.fingerprint256],
  ];
  if (certificate.ca) {
    const isOver = now > new Date(certificate.validTo);
    return { kind: 'CA certificate', facts, problems: isOver ? [text.ended] : [] };
  }
  const issuer = authority ?? certificate;
  const profile = isServer ? profiles.server : profiles.client;
  const ofChain = leafProblems(certificate, profile, issuer, now);
  const ofNames = isServer
    ? []
    : identity === undefined
      ? [text.noIdentity]
      : identityProblems(certificate, identity);
  return {
    kind: isServer ? 'server certificate' : 'client certificate',
    facts,
    problems: [...(authority === undefined ? ofChain.slice(1) : ofChain), ...ofNames],
  };
}

function inspectRequest(pem: string, source: string): Inspection {
  const request = requestOf(pem, source);
  const [stack = '', service = '', generation = ''] = ['O', 'CN', '2.5.4.5'].map(
    (type) => request.subjectName.getField(type)[0] ?? '',
  );
  const identity = { stack, service, generation: Number(generation) };
  return {
    kind: 'request',
    facts: [
      [text.subject, nameText(request.subjectName.toArrayBuffer())],
      [text.attributes, request.attributes.map(({ type }) => type).join(', ') || text.none],
    ],
    problems: isIdentity(identity)
      ? problemsOf(() => checkRequest(pem, identity, source))
      : [text.noIdentity],
  };
}

function requestOf(pem: string, source: string): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(pem);
  } catch {
    throw text.unknown(source);
  }
}

function problemsOf(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof UserError) return [error.message];
    throw error;
  }
}

function inspectCrl(crl: Crl, authority: X509Certificate | undefined, now: Date): Inspection {
  const shown = crl.entries
    .slice(0, mostEntries)
    .map(({ serialNumber, revocationDate, reason }): [string, string] => [
      text.revoked,
      `${serialNumber.toString(16).toUpperCase()} ${revocationDate.toISOString()} ${reason ?? ''}`.trimEnd(),
    ]);
  const more = crl.entries.length - shown.length;
  return {
    kind: 'revocation list',
    facts: [
      [text.issuer, crl.issuer],
      [text.number, crl.number === undefined ? text.none : String(crl.number)],
      [text.thisUpdate, crl.thisUpdate.toISOString()],
      [text.nextUpdate, crl.nextUpdate?.toISOString() ?? text.none],
      [text.entries, String(crl.entries.length)],
      ...shown,
      ...(more > 0 ? [['', text.more(more)] as [string, string]] : []),
    ],
    problems: authority === undefined ? [] : listProblems([crl], authority, now),
  };
}
