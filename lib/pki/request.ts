import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  malformedRequest,
  requestAsksForMore,
  requestKeyOfAnother,
  requestNotAlone,
  requestOfOtherKey,
  requestOfOtherSignature,
  requestOfOtherStringType,
  requestOfOtherSubject,
  requestNotCanonical,
  requestWrongSignature,
} from '../messages/pki-request.ts';
import {
  AsnConvert,
  Attributes,
  CertificationRequest,
  CertificationRequestInfo,
  derOf,
  Name,
  SubjectPublicKeyInfo,
} from './asn1.ts';
import type { Identity } from './identity.ts';
import { isP256, publicKeyDer } from './keys.ts';
import { pem } from './pem.ts';
import { hashOf, isSignedBy, signed, type SignedParts } from './signature.ts';
import { nameText, subjectDer } from './subject.ts';
import * as x509 from './x509.ts';

/** A certificate signing request that may be signed: its subject is the identity's, and it asks for nothing else. */
export interface CheckedRequest {
  readonly identity: Identity;
  /** The key to certify, P-256. */
  readonly publicKey: KeyObject;
  /** The request, as PEM in its usual form. */
  readonly pem: string;
}

/** A SubjectPublicKeyInfo of P-256 by name with an uncompressed point begins with these bytes (RFC 5480, 2). */
const p256Beginning = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');

/** The CertificationRequestInfo (RFC 2986, 4.1) of version 0 without attributes. */
function requestInfo(identity: Identity, publicKey: Uint8Array): Uint8Array {
  return derOf(
    new CertificationRequestInfo({
      version: 0,
      subject: AsnConvert.parse(subjectDer(identity), Name),
      subjectPKInfo: AsnConvert.parse(publicKey, SubjectPublicKeyInfo),
      attributes: new Attributes(),
    }),
  );
}

/**
 * Makes the certificate signing request for an identity, as PEM. It holds the subject and the key, nothing else: usage
 * and lifetime are the configuration's.
 *
 * @param key the private key, P-256.
 * @throws {RangeError} for another kind of key, and for an identity that may not be in a certificate.
 */
export function makeRequest(identity: Identity, key: KeyObject): string {
  if (key.type !== 'private' || !isP256(key)) throw new RangeError('a request needs a P-256 private key');
  return pem('CERTIFICATE REQUEST', signed(requestInfo(identity, publicKeyDer(key)), key));
}

/**
 * Checks a certificate signing request down to its last byte: but for the key and the signature there is one request
 * for an identity, and whatever differs is refused.
 *
 * @param source names the request in messages, such as its path.
 * @throws {UserError} for anything but one PEM block, another subject (compared as DER), another key than P-256, a
 *   wrong signature or one that is not ECDSA with SHA-256 or SHA-384, and for any attribute or extension.
 */
export function checkRequest(text: string, identity: Identity, source: string): CheckedRequest {
  const der = onlyBlock(text, source);
  const request = parsed(der, source);
  requireSubject(request.subject, identity, source);
  if (request.asksFor.length > 0) throw requestAsksForMore(source, identity, request.asksFor);
  const publicKey = keyOf(request.publicKey, source, identity);
  const hash = hashOf(der, request.parts, 'ec');
  if (hash === undefined || hash === 'sha512') {
    throw requestOfOtherSignature(source, identity, request.algorithm);
  }
  if (!isSignedBy(request.parts, hash, publicKey)) throw requestWrongSignature(source, identity);
  if (Buffer.compare(request.parts.toBeSigned, requestInfo(identity, request.publicKey)) !== 0) {
    throw requestNotCanonical(source, identity);
  }
  return { identity, publicKey, pem: pem('CERTIFICATE REQUEST', der) };
}

/**
 * Refuses a key that several identities want certified: whoever holds it could speak for each of them. Generations of
 * one service are several identities too: a new generation is to have a new key.
 *
 * @param requests those to be signed, and certificates that are there already.
 * @throws {UserError} naming the first two identities that share a key.
 */
export function requireDistinctKeys(
  requests: readonly { readonly identity: Identity; readonly publicKey: KeyObject }[],
): void {
  const holders = new Map<string, Identity>();
  for (const { identity, publicKey } of requests) {
    const key = Buffer.from(publicKeyDer(publicKey)).toString('hex');
    const holder = holders.get(key);
    if (holder !== undefined) throw requestKeyOfAnother(holder, identity);
    holders.set(key, identity);
  }
}

/** The content of a text that is one PEM block of a request and white space around it. */
function onlyBlock(text: string, source: string): Buffer {
  const blocks = text.match(/-----BEGIN [^-]*-----/g) ?? [];
  if (blocks.length === 0) throw malformedRequest(source);
  const [, base64] =
    /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----\s([A-Za-z0-9+/=\s]*)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/.exec(
      text,
    ) ?? [];
  if (base64 === undefined) throw requestNotAlone(source, blocks.length);
  return Buffer.from(base64, 'base64');
}

interface ParsedRequest {
  readonly subject: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly parts: SignedParts;
  /** That of the signature, in words. */
  readonly algorithm: string;
  /** The attributes and extensions that it has, by their names where they are known. */
  readonly asksFor: readonly string[];
}

const attributeNames: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.9.7': 'challengePassword',
  '1.2.840.113549.1.9.14': 'extensionRequest',
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.15': 'keyUsage',
  '2.5.29.17': 'subjectAltName',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.37': 'extendedKeyUsage',
};
const nameOf = (oid: string): string => attributeNames[oid] ?? oid;

function parsed(der: Buffer, source: string): ParsedRequest {
  try {
    const asn = AsnConvert.parse(der, CertificationRequest);
    const request = new x509.Pkcs10CertificateRequest(asn);
    // The library's type of it names one of the DOM's, which is not there.
    const algorithm = request.signatureAlgorithm as unknown as { name: string; hash?: { name: string } };
    return {
      subject: new Uint8Array(request.subjectName.toArrayBuffer()),
      publicKey: new Uint8Array(request.publicKey.rawData),
      parts: {
        toBeSigned: new Uint8Array(asn.certificationRequestInfoRaw ?? []),
        signatureAlgorithm: asn.signatureAlgorithm,
        signature: asn.signature,
      },
      algorithm: [algorithm.name, algorithm.hash?.name ?? ''].join(' ').trim(),
      asksFor: [
        ...request.attributes.map(({ type }) => nameOf(type)),
        ...request.extensions.map(({ type }) => nameOf(type)),
      ],
    };
  } catch {
    throw malformedRequest(source);
  }
}

function requireSubject(got: Uint8Array, identity: Identity, source: string): void {
  const expected = subjectDer(identity);
  if (Buffer.compare(got, expected) === 0) return;
  const [gotText, expectedText] = [nameText(got), nameText(expected)];
  throw gotText === expectedText
    ? requestOfOtherStringType(source, identity)
    : requestOfOtherSubject(source, identity, gotText, expectedText);
}

/** The key of a request. Explicit curve parameters and compressed points are refused: not every reader takes them. */
function keyOf(der: Uint8Array, source: string, identity: Identity): KeyObject {
  if (!p256Beginning.equals(der.subarray(0, p256Beginning.length))) throw requestOfOtherKey(source, identity);
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    throw requestOfOtherKey(source, identity); // A point that is not on the curve.
  }
}
