import { sign, verify, type KeyObject } from 'node:crypto';
import { unsupportedAuthorityKey } from '../messages/pki.ts';
import { bitString, contentOfSequence, nothing, objectIdentifier, sequence } from './der.ts';

const ecdsa = (lastArc: number): Buffer => sequence(objectIdentifier(`1.2.840.10045.4.3.${lastArc}`));
const rsa = (lastArc: number): Buffer =>
  sequence(objectIdentifier(`1.2.840.113549.1.1.${lastArc}`), nothing());

/** The AlgorithmIdentifiers of the signatures that are accepted (RFC 5758, 3.2; RFC 4055, 5), by key and hash. */
export const signatureAlgorithms = {
  ec: { sha256: ecdsa(2), sha384: ecdsa(3), sha512: ecdsa(4) },
  rsa: { sha256: rsa(11), sha384: rsa(12), sha512: rsa(13) },
} as const;
export type Hash = keyof (typeof signatureAlgorithms)['ec'];

function algorithmsOf(key: KeyObject): Readonly<Record<Hash, Buffer>> {
  const type = key.asymmetricKeyType;
  if (type === 'ec' || type === 'rsa') return signatureAlgorithms[type];
  throw unsupportedAuthorityKey(type ?? 'unknown');
}

/** The AlgorithmIdentifier with which a key signs here: SHA-256, whatever key the CA has. */
export function signatureAlgorithmOf(key: KeyObject): Buffer {
  return algorithmsOf(key).sha256;
}

/** What is to be signed, the algorithm and the signature, as certificates, requests and revocation lists have them. */
export function signed(toBeSigned: Uint8Array, key: KeyObject): Buffer {
  return sequence(
    toBeSigned,
    signatureAlgorithmOf(key),
    bitString(sign('sha256', toBeSigned, { key, dsaEncoding: 'der' })),
  );
}

/** What {@link signed} puts together, taken apart. */
export interface Signed {
  readonly toBeSigned: Uint8Array;
  readonly hash: Hash;
  readonly signature: Uint8Array;
}

/**
 * Takes a signed value apart whose signature was read already.
 *
 * @returns undefined if it is anything but one DER SEQUENCE that ends with the AlgorithmIdentifier of a hash for this
 *   kind of key and this signature.
 */
export function takeApart(
  der: Uint8Array,
  signature: Uint8Array,
  kind: keyof typeof signatureAlgorithms,
): Signed | undefined {
  const content = contentOfSequence(der);
  if (content === undefined) return undefined;
  for (const [hash, algorithm] of Object.entries(signatureAlgorithms[kind]) as [Hash, Buffer][]) {
    const ending = Buffer.concat([algorithm, bitString(signature)]);
    if (!ending.equals(content.subarray(-ending.length))) continue;
    return { toBeSigned: content.subarray(0, -ending.length), hash, signature };
  }
  return undefined;
}

/** True if the signature is this key's. */
export function isSignedBy({ toBeSigned, hash, signature }: Signed, key: KeyObject): boolean {
  return verify(hash, toBeSigned, { key, dsaEncoding: 'der' }, signature);
}
