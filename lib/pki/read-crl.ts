import type { X509Certificate } from 'node:crypto';
import { malformedCrl, partialCrl } from '../messages/pki-crl.ts';
import { crlOids, revocationReasons, type RevocationReason, type RevokedEntry } from './crl.ts';
import { pem } from './der.ts';
import { isSignedBy, takeApart } from './signature.ts';
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
    readonly signature: Uint8Array;
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
  return found.map(([whole]) => readCrl(derOf(whole), source));
}

/** The content of one PEM block. */
function derOf(whole: string): Uint8Array<ArrayBuffer> {
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
  const [number] = list.getExtensions(crlOids.crlNumber);
  return {
    issuer: list.issuer,
    number: number === undefined ? undefined : integerOf(number.value),
    thisUpdate: list.thisUpdate,
    nextUpdate: list.nextUpdate,
    entries: list.entries.map(entryOf),
    signedParts: {
      issuer: new Uint8Array(list.issuerName.toArrayBuffer()),
      authorityKeyIdentifier: list.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId,
      der,
      signature: new Uint8Array(list.signature),
    },
    critical: [list, ...list.entries].some(({ extensions }) => extensions.some(({ critical }) => critical)),
  };
}

/** The library counts nodes to bound its work; here the length does that, for lists of any number of entries. */
function parsedList(der: Uint8Array<ArrayBuffer>): x509.X509Crl {
  return new x509.X509Crl(der, { berOptions: { maxNodes: der.length, maxContentLength: der.length } });
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

function entryOf({ serialNumber, revocationDate, reason }: x509.X509CrlEntry): RevokedEntry {
  const name = reason === undefined ? undefined : reasonsByCode.get(reason);
  return {
    serialNumber: BigInt(`0x${serialNumber}`),
    revocationDate,
    ...(name === undefined ? {} : { reason: name }),
  };
}

/** The value of a DER INTEGER that is not negative. */
function integerOf(value: ArrayBuffer): bigint {
  const [tag, length, first, ...others] = new Uint8Array(value);
  if (tag !== 0x02 || first === undefined || length !== others.length + 1 || first > 0x7f) {
    throw new RangeError('not an INTEGER of at most 127 octets');
  }
  return BigInt(`0x${Buffer.from([first, ...others]).toString('hex')}`);
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
  const parts = takeApart(signedParts.der, signedParts.signature, kind);
  return parts !== undefined && isSignedBy(parts, key);
}
