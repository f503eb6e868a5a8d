import { createCipheriv, createPrivateKey, pbkdf2, randomBytes, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { malformedEncryptedKey, wrongPassphrase } from '../messages/pki-folder.ts';
import {
  AlgorithmIdentifier,
  arrayBufferOf,
  derOf,
  EncryptedData,
  EncryptedPrivateKeyInfo,
  OctetString,
} from './asn1.ts';
import { readPem } from './files.ts';
import { Pbes2Params, Pbkdf2Params } from './pbes2.ts';
import { pem } from './pem.ts';

/**
 * Iterations of PBKDF2-HMAC-SHA256: what OWASP's Password Storage Cheat Sheet asks for. Node's own export has 2,048 and
 * no way to ask for more.
 */
export const keyDerivationIterations = 600_000;

/**
 * The longest passphrase, in bytes of UTF-8: Node's reader of encrypted keys takes no more (OpenSSL's PEM_BUFSIZE), and
 * a key with a longer one could be read by nobody here.
 */
export const mostPassphraseBytes = 1024;

const label = 'ENCRYPTED PRIVATE KEY';

const oids = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const;

/**
 * A private key as encrypted PKCS#8 PEM (RFC 5958, 3): PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018, 6.2),
 * which OpenSSL and Node read.
 *
 * @throws {RangeError} for a passphrase of more than {@link mostPassphraseBytes}.
 */
export async function encryptKey(key: KeyObject, passphrase: string): Promise<string> {
  if (Buffer.byteLength(passphrase) > mostPassphraseBytes) throw new RangeError('the passphrase is too long');
  const [salt, initializationVector] = [randomBytes(16), randomBytes(16)];
  const derived = await promisify(pbkdf2)(passphrase, salt, keyDerivationIterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', derived, initializationVector);
  const encrypted = Buffer.concat([
    cipher.update(key.export({ format: 'der', type: 'pkcs8' })),
    cipher.final(),
  ]);
  const info = new EncryptedPrivateKeyInfo({
    encryptionAlgorithm: pbes2(salt, initializationVector),
    encryptedData: new EncryptedData(encrypted),
  });
  return pem(label, derOf(info));
}

function pbes2(salt: Uint8Array, initializationVector: Uint8Array): AlgorithmIdentifier {
  const keyDerivation = new Pbkdf2Params();
  keyDerivation.salt = new OctetString(salt);
  keyDerivation.iterationCount = keyDerivationIterations;
  keyDerivation.prf = new AlgorithmIdentifier({ algorithm: oids.hmacWithSha256, parameters: null });
  const scheme = new Pbes2Params();
  scheme.keyDerivationFunc = algorithm(oids.pbkdf2, keyDerivation);
  scheme.encryptionScheme = algorithm(oids.aes256Cbc, new OctetString(initializationVector));
  return algorithm(oids.pbes2, scheme);
}

function algorithm(oid: string, parameters: object): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm: oid, parameters: arrayBufferOf(derOf(parameters)) });
}

/** True for the PEM of an encrypted private key. */
export function isEncryptedKey(text: string): boolean {
  return text.includes(`-----BEGIN ${label}-----`);
}

/**
 * Reads an encrypted private key.
 *
 * @throws {UserError} if it cannot be read, is not encrypted, or the passphrase is another one.
 */
export function loadEncryptedKey(path: string, passphrase: string): KeyObject {
  const text = readPem(path, true);
  if (!isEncryptedKey(text)) throw malformedEncryptedKey(path);
  try {
    return createPrivateKey({ key: text, passphrase });
  } catch {
    throw wrongPassphrase(path); // Without the cause: nothing of a key's file belongs into a message.
  }
}
