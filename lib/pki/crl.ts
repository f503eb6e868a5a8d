import { authorityExpired, crlNumberOutOfRange } from '../messages/pki-crl.ts';
import type { Authority } from './authority.ts';
import {
  arrayBufferOf,
  AsnConvert,
  AsnIntegerBigIntConverter,
  CRLReason,
  CRLReasons,
  derOf,
  Extension,
  id_ce_cRLNumber,
  id_ce_cRLReasons,
  Name,
  OctetString,
  RevokedCertificate,
  TBSCertList,
  Time,
  Version,
} from './asn1.ts';
import { CrlNumber } from './crl-number.ts';
import { authorityKeyIdentifier } from './key-identifier.ts';
import { pem } from './pem.ts';
import { backdateMs } from './profiles.ts';
import { signatureAlgorithmOf, signed } from './signature.ts';
import * as x509 from './x509.ts';

/** Why a certificate was revoked, with its code (RFC 5280, 5.3.1). Absent says `unspecified`. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;
export type RevocationReason = keyof typeof revocationReasons;

/** One revoked certificate. */
export interface RevokedEntry {
  /** Positive. `serialNumberOf` gives it for a certificate, BigInt('0x…') for hexadecimal digits. */
  readonly serialNumber: bigint;
  /** In whole seconds. */
  readonly revocationDate: Date;
  /** Default: none is written, which means `unspecified`. */
  readonly reason?: RevocationReason;
}

export interface CrlRequest {
  /** A serial number that is there more than once is listed once, with the first entry. */
  readonly revoked: readonly RevokedEntry[];
  /** CRLNumber, greater than that of every list that this CA signed before (RFC 5280, 5.2.3). */
  readonly number: bigint;
  /** The time of issue; thisUpdate lies five minutes before it, though not before the CA's own notBefore. */
  readonly now: Date;
  /** When a reader refuses the list for its age. Default: the CA's notAfter, so that age alone locks nobody out. */
  readonly nextUpdate?: Date;
}

/** CRLNumber has at most 20 octets (RFC 5280, 5.2.3), the first bit of which is the sign. */
const largestCrlNumber = 2n ** 159n - 1n;

/**
 * Signs a revocation list of version 2 and returns it as PEM, with CRLNumber and AuthorityKeyIdentifier.
 *
 * The library's schema classes write it and not its generator, which looks for doubles by comparing each entry with each
 * other (4.0 s for 10,000 entries, where this takes half a second) and calls the PEM block what OpenSSL does not read.
 *
 * @throws {UserError} for a CA that has ended, a number out of range, and a key of a kind that cannot sign.
 * @throws {RangeError} for a serial number that is not positive.
 */
export async function issueCrl(authority: Authority, request: CrlRequest): Promise<string> {
  const { certificate, key } = authority;
  const notAfter = new Date(certificate.validTo);
  if (request.now > notAfter) throw authorityExpired(notAfter);
  if (request.number < 0n || request.number > largestCrlNumber) throw crlNumberOutOfRange(request.number);
  const issuer = new x509.X509Certificate(new Uint8Array(certificate.raw));
  const thisUpdateMs = Math.max(request.now.getTime() - backdateMs, Date.parse(certificate.validFrom));
  const entries = new Map<bigint, RevokedCertificate>();
  for (const entry of request.revoked) {
    if (entry.serialNumber < 1n) throw new RangeError('a serial number is positive');
    if (!entries.has(entry.serialNumber)) entries.set(entry.serialNumber, revokedCertificate(entry));
  }
  const list = new TBSCertList({
    version: Version.v2,
    signature: signatureAlgorithmOf(key),
    issuer: AsnConvert.parse(issuer.subjectName.toArrayBuffer(), Name),
    thisUpdate: new Time(new Date(thisUpdateMs)),
    nextUpdate: new Time(request.nextUpdate ?? notAfter),
    // An empty list has to be absent (RFC 5280, 5.1.2.6).
    ...(entries.size === 0 ? {} : { revokedCertificates: [...entries.values()] }),
    crlExtensions: [
      AsnConvert.parse((await authorityKeyIdentifier(issuer)).rawData, Extension),
      extension(id_ce_cRLNumber, new CrlNumber(request.number)),
    ],
  });
  return pem('X509 CRL', signed(derOf(list), key));
}

function revokedCertificate({ serialNumber, revocationDate, reason }: RevokedEntry): RevokedCertificate {
  return new RevokedCertificate({
    userCertificate: arrayBufferOf(AsnIntegerBigIntConverter.toASN(serialNumber).valueBlock.valueHexView),
    revocationDate: new Time(revocationDate),
    // RFC 5280, 5.3.1: unspecified is said by leaving the reason out.
    ...(reason === undefined || reason === 'unspecified'
      ? {}
      : { crlEntryExtensions: [reasonCodes[reason]] }),
  });
}

function extension(oid: string, value: object): Extension {
  return new Extension({ extnID: oid, extnValue: new OctetString(derOf(value)) });
}

/** The ten that there are, made once and not for each of thousands of entries. */
const reasonCodes = Object.fromEntries(
  (Object.keys(revocationReasons) as RevocationReason[]).map((reason) => [
    reason,
    extension(id_ce_cRLReasons, new CRLReason(CRLReasons[reason])),
  ]),
) as Readonly<Record<RevocationReason, Extension>>;
