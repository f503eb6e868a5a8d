import { createPublicKey, generateKeyPair, type KeyObject, type webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { unsupportedAuthorityKey } from '../messages/pki.ts';

/**
 * Makes a new ECDSA P-256 private key. It is a KeyObject, which prints as `PrivateKeyObject {}`: a key leaves it only
 * through {@link privateKeyPem}.
 */
export async function generateKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'prime256v1' });
  return privateKey;
}

/** The private key as unencrypted PKCS#8 PEM (RFC 5958, RFC 7468): a secret. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** True for a private or public key on the curve P-256, the only one that the profiles allow for a leaf. */
export function isP256(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
}

/** The SubjectPublicKeyInfo of a private or public key, as DER. */
export function publicKeyDer(key: KeyObject): Uint8Array<ArrayBuffer> {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
}

/** WebCrypto's names for the curves that OpenSSL names. */
const curves: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

/**
 * The same private key for WebCrypto, for signing only and not extractable. The kit's own CA has P-256; a CA that a
 * user brings may have P-384, P-521 or RSA, and then signs with SHA-256 as well.
 *
 * @throws {UserError} for any other kind of key.
 */
export async function signingKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  const algorithm =
    key.asymmetricKeyType === 'ec' && curve !== undefined
      ? { name: 'ECDSA', namedCurve: curve }
      : key.asymmetricKeyType === 'rsa'
        ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
        : undefined;
  if (algorithm === undefined) throw unsupportedAuthorityKey(key.asymmetricKeyType ?? 'unknown');
  return await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
}
