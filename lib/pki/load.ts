import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import {
  halfPair,
  keyMismatch,
  malformedCertificate,
  malformedKey,
  notAuthority,
  pairMissing,
  severalCertificates,
} from '../messages/pki.ts';
import { isEncryptedKey } from './encrypted-key.ts';
import { exists, pkiPaths, readPem, type PairPaths } from './files.ts';

/** A CA from files, which may have its key elsewhere: then it checks certificates and issues none. */
export interface LoadedAuthority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject | undefined;
}

/**
 * Reads the CA of a PKI folder: certs/ca.crt, and secrets/ca.key if it is there and not encrypted. With an encrypted
 * key, as `hardening pki` keeps it, nothing can be issued without its passphrase.
 *
 * @throws {UserError} if the certificate is missing, unreadable, malformed, not a CA's or not the only one in its
 *   file, and if the key is too open, malformed or another certificate's. An expired CA is loaded.
 */
export function loadAuthority(directory: string): LoadedAuthority {
  const paths = pkiPaths(directory).ca;
  const certificate = loadAuthorityCertificate(paths.certificate);
  const isUsable = exists(paths.key) && !isEncryptedKey(readPem(paths.key, true));
  return { certificate, key: isUsable ? matchingKey(paths, certificate) : undefined };
}

/**
 * Reads the certificate of a CA.
 *
 * @throws {UserError} as {@link loadAuthority} does.
 */
export function loadAuthorityCertificate(path: string): X509Certificate {
  const [certificate, ...others] = loadCertificates(path);
  if (others.length > 0) throw severalCertificates(path, others.length + 1);
  if (!certificate.ca) throw notAuthority(path);
  return certificate;
}

/**
 * Reads a certificate with its private key. More certificates may follow the first one in its file (its chain).
 *
 * @param what names the pair in messages, for example `server`.
 * @throws {UserError} if either file is missing, unreadable or malformed, if others may use the key, or if the two
 *   do not belong together. Validity, names and usage are not judged.
 */
export function loadCertificate(
  paths: PairPaths,
  what: string,
): { readonly certificate: X509Certificate; readonly key: KeyObject } {
  const [hasCertificate, hasKey] = [exists(paths.certificate), exists(paths.key)];
  if (!hasCertificate && !hasKey) throw pairMissing(what, paths.certificate, paths.key);
  if (!hasCertificate) throw halfPair(paths.key, paths.certificate);
  if (!hasKey) throw halfPair(paths.certificate, paths.key);
  const [certificate] = loadCertificates(paths.certificate);
  return { certificate, key: matchingKey(paths, certificate) };
}

/**
 * Reads all certificates of a PEM file.
 *
 * @throws {UserError} if it is unreadable, or holds none or one that cannot be parsed.
 */
export function loadCertificates(path: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = readPem(path, false).match(/-----BEGIN [^-]+-----[^-]*-----END [^-]+-----/g) ?? [];
  let certificates: X509Certificate[];
  try {
    certificates = blocks.map((block) => new X509Certificate(block));
  } catch {
    throw malformedCertificate(path);
  }
  const [first, ...others] = certificates;
  if (first === undefined) throw malformedCertificate(path);
  return [first, ...others];
}

/**
 * Reads a private key.
 *
 * @throws {UserError} if it is unreadable, malformed or encrypted, or if others than its owner may use the file.
 */
export function loadKey(path: string): KeyObject {
  const pem = readPem(path, true);
  try {
    return createPrivateKey(pem);
  } catch {
    throw malformedKey(path); // Without the cause: nothing of a key's file belongs into a message.
  }
}

function matchingKey(paths: PairPaths, certificate: X509Certificate): KeyObject {
  const key = loadKey(paths.key);
  if (!certificate.checkPrivateKey(key)) throw keyMismatch(paths.certificate, paths.key);
  return key;
}
