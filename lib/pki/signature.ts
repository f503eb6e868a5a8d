import { sign, verify, type KeyObject } from 'node:crypto';
import { unsupportedAuthorityKey } from '../messages/pki.ts';
import { AlgorithmIdentifier, arrayBufferOf, AsnBitStringConverter, derOf, sequenceOf } from './asn1.ts';

const ecdsa = (lastArc: number): AlgorithmIdentifier =>
  new AlgorithmIdentifier({ algorithm: `1.2.840.10045.4.3.${lastArc}` });
const rsa = (lastArc: number): AlgorithmIdentifier =>
  new AlgorithmIdentifier({ algorithm: `1.2.840.113549.1.1.${lastArc}`, parameters: null });

/** The AlgorithmIdentifiers of the signatures that are accepted (RFC 5758, 3.2; RFC 4055, 5), by key and hash. */
const signatureAlgorithms = {
  ec: { sha256: ecdsa(2), sha384: ecdsa(3), sha512: ecdsa(4) },
  rsa: { sha256: rsa(11), sha384: rsa(12), sha512: rsa(13) },
} as const;
type Hash = keyof (typeof signatureAlgorithms)['ec'];
const hashes: readonly Hash[] = ['sha256', 'sha384', 'sha512'];

/** The AlgorithmIdentifier with which a key signs here: SHA-256, whatever key the CA has. */
export function signatureAlgorithmOf(key: KeyObject): AlgorithmIdentifier {
  const type = key.asymmetricKeyType;
  if (type === 'ec' || type === 'rsa') return signatureAlgorithms[type].sha256;
  throw unsupportedAuthorityKey(type ?? 'unknown');
}

/** What is to be signed, the algorithm and the signature, as certificates, requests and revocation lists have them. */
export function signed(toBeSigned: Uint8Array, key: KeyObject): Buffer {
  return together({
    toBeSigned,
    signatureAlgorithm: signatureAlgorithmOf(key),
    signature: arrayBufferOf(sign('sha256', toBeSigned, { key, dsaEncoding: 'der' })),
  });
}

/** The three parts of a signed value, the first as its bytes are. */
export interface SignedParts {
  readonly toBeSigned: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: ArrayBuffer;
}

function together({ toBeSigned, signatureAlgorithm, signature }: SignedParts): Buffer {
  return sequenceOf(toBeSigned, derOf(signatureAlgorithm), derOf(AsnBitStringConverter.toASN(signature)));
}

/**
 * The hash of a signature by this kind of key.
 *
 * @param der the signed value.
 * @param parts what the library read of it, which reads BER and overlooks what comes after the value.
 * @returns undefined for another algorithm, and if the parts put together are not the value byte for byte.
 */
export function hashOf(
  der: Uint8Array,
  parts: SignedParts,
  kind: keyof typeof signatureAlgorithms,
): Hash | undefined {
  if (together(parts).compare(der) !== 0) return undefined;
  return hashes.find((hash) => signatureAlgorithms[kind][hash].isEqual(parts.signatureAlgorithm));
}

/** True if the signature is this key's. */
export function isSignedBy({ toBeSigned, signature }: SignedParts, hash: Hash, key: KeyObject): boolean {
  return verify(hash, toBeSigned, { key, dsaEncoding: 'der' }, Buffer.from(signature));
}
