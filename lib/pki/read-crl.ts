import type { X509Certificate } from 'node:crypto';
import { malformedCrl, partialCrl } from '../messages/pki-crl.ts';
import {
  AsnConvert,
  AuthorityKeyIdentifier,
  CertificateList,
  CRLReason,
  derOf,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  id_ce_cRLReasons,
  type Extension,
  type RevokedCertificate,
} from './asn1.ts';
import { CrlNumber } from './crl-number.ts';
import { revocationReasons, type RevocationReason, type RevokedEntry } from './crl.ts';
import { pem } from './pem.ts';
import { hashOf, isSignedBy, type SignedParts } from './signature.ts';
import * as x509 from './x509.ts';

/** What a revocation list says. */
export interface Crl {
  /** The issuer's name, first RDN first, such as `O=prod, CN=prod hardening CA`. */
  readonly issuer: string;
  /** CRLNumber; undefined if it has none. */
  readonly number: bigint | undefined;
  readonly thisUpdate: Date;
  /** Undefined if it has none. */
  readonly nextUpdate: Date | undefined;
  readonly entries: readonly RevokedEntry[];
  /** This list alone, as PEM. */
  readonly pem: string;
  /** What {@link verifyCrl} needs, as it is in the list. */
  readonly signedParts: {
    readonly issuer: Uint8Array;
    readonly authorityKeyIdentifier: string | undefined;
    readonly der: Uint8Array;
    readonly parts: SignedParts;
  };
}

const beginning = /-----BEGIN [^-]+-----/g;
const block = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g;

/**
 * Reads the revocation lists of a PEM text, one after another as nginx's `ssl_crl` takes them. Nobody's signature is
 * checked: {@link verifyCrl} does that.
 *
 * @param source names the text in messages, such as its path.
 * @returns an empty array for a text without a PEM block.
 * @throws {UserError} for a block that is no list, and for a list that is not whole: one with a critical extension,
 *   such as a delta or a list of only some certificates.
 */
export function readCrls(text: string, source: string): Crl[] {
  const found = [...text.matchAll(block)];
  if ((text.match(beginning) ?? []).length !== found.length) throw malformedCrl(source);
  return found.map(([whole]) => readCrl(contentOf(whole), source));
}

/** The content of one PEM block. */
function contentOf(whole: string): Uint8Array<ArrayBuffer> {
  const [, base64 = ''] = whole.match(/-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/) ?? [];
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function readCrl(der: Uint8Array<ArrayBuffer>, source: string): Crl {
  const { critical, ...crl } = parsedOr(() => parse(der), malformedCrl(source));
  if (critical) throw partialCrl(source);
  return { ...crl, pem: pem('X509 CRL', der) };
}

function parse(der: Uint8Array<ArrayBuffer>): Omit<Crl, 'pem'> & { readonly critical: boolean } {
  const list = parsedList(der);
  const { signatureAlgorithm, signature } = list;
  const { issuer, thisUpdate, nextUpdate, revokedCertificates = [], crlExtensions = [] } = list.tbsCertList;
  return {
    issuer: new x509.Name(issuer).toString(),
    number: crlNumberOf(crlExtensions),
    thisUpdate: thisUpdate.getTime(),
    nextUpdate: nextUpdate?.getTime(),
    entries: revokedCertificates.map(entryOf),
    signedParts: {
      issuer: derOf(issuer),
      authorityKeyIdentifier: authorityKeyIdentifierOf(crlExtensions),
      der,
      parts: { toBeSigned: new Uint8Array(list.tbsCertListRaw ?? []), signatureAlgorithm, signature },
    },
    critical: [
      crlExtensions,
      ...revokedCertificates.map(({ crlEntryExtensions }) => crlEntryExtensions ?? []),
    ].some((extensions) => extensions.some(({ critical }) => critical)),
  };
}

/** The library counts nodes to bound its work; here the length does that, for lists of any number of entries. */
function parsedList(der: Uint8Array<ArrayBuffer>): CertificateList {
  return AsnConvert.parse(der, CertificateList, {
    berOptions: { maxNodes: der.length, maxContentLength: der.length },
  });
}

function parsedOr<Result>(read: () => Result, otherwise: Error): Result {
  try {
    return read();
  } catch {
    throw otherwise; // Without the cause: the library's wording says nothing to whoever holds the file.
  }
}

const reasonsByCode = new Map<number, RevocationReason>(
  Object.entries(revocationReasons).map(([name, code]) => [code, name as RevocationReason]),
);

function entryOf({
  userCertificate,
  revocationDate,
  crlEntryExtensions = [],
}: RevokedCertificate): RevokedEntry {
  const reason = valueOf(crlEntryExtensions, id_ce_cRLReasons);
  const name =
    reason === undefined ? undefined : reasonsByCode.get(AsnConvert.parse(reason, CRLReason).reason);
  return {
    serialNumber: BigInt(`0x${Buffer.from(userCertificate).toString('hex')}`),
    revocationDate: revocationDate.getTime(),
    ...(name === undefined ? {} : { reason: name }),
  };
}

function valueOf(extensions: readonly Extension[], oid: string): ArrayBuffer | undefined {
  return extensions.find(({ extnID }) => extnID === oid)?.extnValue.buffer;
}

function crlNumberOf(extensions: readonly Extension[]): bigint | undefined {
  const der = valueOf(extensions, id_ce_cRLNumber);
  if (der === undefined) return undefined;
  const number = AsnConvert.parse(der, CrlNumber);
  // The library reads BER, and overlooks what comes after a value.
  if (number.value < 0n || derOf(number).compare(new Uint8Array(der)) !== 0) {
    throw new RangeError('not an INTEGER in DER that is not negative');
  }
  return number.value;
}

/** In hexadecimal digits. */
function authorityKeyIdentifierOf(extensions: readonly Extension[]): string | undefined {
  const der = valueOf(extensions, id_ce_authorityKeyIdentifier);
  const keyIdentifier =
    der === undefined ? undefined : AsnConvert.parse(der, AuthorityKeyIdentifier).keyIdentifier;
  return keyIdentifier === undefined ? undefined : Buffer.from(keyIdentifier.buffer).toString('hex');
}

/**
 * True if a list is this CA's: its name and key identifier fit, and its signature is right. Whether it is current is
 * not judged.
 */
export function verifyCrl({ signedParts }: Crl, authority: X509Certificate): boolean {
  const issuer = new x509.X509Certificate(new Uint8Array(authority.raw));
  const named = signedParts.authorityKeyIdentifier;
  const own = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  if (named !== undefined && own !== undefined && named !== own) return false;
  if (Buffer.compare(signedParts.issuer, new Uint8Array(issuer.subjectName.toArrayBuffer())) !== 0)
    return false;
  const key = authority.publicKey;
  const kind = key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec';
  const hash = hashOf(signedParts.der, signedParts.parts, kind);
  return hash !== undefined && isSignedBy(signedParts.parts, hash, key);
}
