import type { KeyObject } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  alreadyThere,
  foreignFolder,
  halfPair,
  keyModeTooOpen,
  notFolder,
  notRegularFile,
  symbolicLink,
  unreadable,
  unwritable,
} from '../messages/pki.ts';
import { removeStaleTemporaryFiles, writeAtomically } from './atomic-file.ts';
import { errorCode, withPath } from './file-errors.ts';
import { distinguishedName, type Identity } from './identity.ts';
import { privateKeyPem } from './keys.ts';

/** The two files of a certificate with its private key. */
export interface PairPaths {
  readonly certificate: string;
  readonly key: string;
}

/** Where the files of a PKI are. */
export interface PkiPaths {
  readonly root: string;
  readonly certificates: string;
  readonly secrets: string;
  readonly ca: PairPaths;
  /** The revocation list of the CA. */
  readonly crl: string;
  readonly server: PairPaths;
  client(identity: Identity): PairPaths;
  /** What `hardening pki` issued and revoked. */
  readonly index: string;
}

/**
 * The layout of a PKI folder, as absolute paths. All files are PEM, keys PKCS#8.
 *
 * ```
 * DIRECTORY/            0700
 *   certs/              0755   ca.crt, ca.crl, server.crt, SERVICE-GENERATION.crt   0644
 *   secrets/            0700   ca.key, server.key, SERVICE-GENERATION.key           0600
 *                              .gitignore, by which git takes none of them          0600
 *   index.json          0644   in a folder of `hardening pki`, where ca.key is encrypted
 * ```
 */
export function pkiPaths(directory: string): PkiPaths {
  const root = resolve(directory);
  const certificates = join(root, 'certs');
  const secrets = join(root, 'secrets');
  const pair = (name: string): PairPaths => ({
    certificate: join(certificates, `${name}.crt`),
    key: join(secrets, `${name}.key`),
  });
  return {
    root,
    certificates,
    secrets,
    ca: pair('ca'),
    crl: join(certificates, 'ca.crl'),
    server: pair('server'),
    client: (identity) => {
      distinguishedName(identity); // Refuses a name that could leave the folder.
      return pair(`${identity.service}-${identity.generation}`);
    },
    index: join(root, 'index.json'),
  };
}

/**
 * Makes the folders of a PKI with their modes, whatever the umask, and narrows the modes of those that exist. Keeps the
 * keys out of git, wherever the folder is.
 *
 * @throws {UserError} for a folder that is a symbolic link, no folder, or another user's.
 */
export function createFolders(paths: PkiPaths): void {
  for (const [folder, mode] of [
    [paths.root, 0o700],
    [paths.certificates, 0o755],
    [paths.secrets, 0o700],
  ] as const) {
    withPath(unwritable, folder, () => {
      fs.mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
      if (!exists(folder)) makeFolder(folder, mode);
      const stat = fs.lstatSync(folder);
      if (stat.isSymbolicLink()) throw symbolicLink(folder);
      if (!stat.isDirectory()) throw notFolder(folder);
      if (process.getuid !== undefined && stat.uid !== process.getuid()) throw foreignFolder(folder);
      if ((stat.mode & 0o777) !== mode) fs.chmodSync(folder, mode);
    });
    removeStaleTemporaryFiles(folder);
  }
  const ignored = join(paths.secrets, '.gitignore');
  if (!exists(ignored)) writeAtomically(ignored, '*\n', 0o600, false);
}

function makeFolder(folder: string, mode: number): void {
  try {
    fs.mkdirSync(folder, { mode });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error; // Another process made it in between: as good.
  }
}

/**
 * True if anything has this name, a dangling symbolic link included.
 *
 * @throws {UserError} if the folder may not be searched.
 */
export function exists(path: string): boolean {
  return withPath(unreadable, path, () => fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}

/** Whether an existing file may be replaced. Default: it may not. */
export interface WriteOptions {
  readonly overwrite?: boolean;
}

/**
 * Writes a certificate (0644).
 *
 * @returns false, with nothing changed, if the file exists and may not be overwritten.
 * @throws {UserError} if it cannot be written.
 */
export function writeCertificate(path: string, pem: string, options: WriteOptions = {}): boolean {
  return writeAtomically(path, pem, 0o644, options.overwrite === true);
}

/**
 * Writes a private key (0600, from the first byte on).
 *
 * @returns false, with nothing changed, if the file exists and may not be overwritten.
 * @throws {UserError} if it cannot be written.
 */
export function writeKey(path: string, key: KeyObject, options: WriteOptions = {}): boolean {
  return writeAtomically(path, privateKeyPem(key), 0o600, options.overwrite === true);
}

/**
 * Writes a key, then its certificate. A crash in between leaves a key without a certificate, never the reverse.
 *
 * @throws {UserError} if either file exists and may not be overwritten; which one is there decides the message.
 */
export function writePair(
  paths: PairPaths,
  pair: { readonly certificatePem: string; readonly key: KeyObject },
  options: WriteOptions = {},
): void {
  if (options.overwrite !== true) requireAbsent(paths);
  if (!writeKey(paths.key, pair.key, options)) throw alreadyThere(paths.key);
  if (!writeCertificate(paths.certificate, pair.certificatePem, options)) {
    throw alreadyThere(paths.certificate);
  }
}

function requireAbsent(paths: PairPaths): void {
  const [certificate, key] = [exists(paths.certificate), exists(paths.key)];
  if (certificate && key) throw alreadyThere(paths.key);
  if (certificate) throw halfPair(paths.certificate, paths.key);
  if (key) throw halfPair(paths.key, paths.certificate);
}

/** The largest file that is read: several revocation lists of 10,000 entries, 0.7 MiB each, or an index of as many. */
const maximumFileBytes = 16 * 1024 * 1024;

/**
 * Reads a PEM file.
 *
 * @param secret true for a private key: refused if others than the owner may use the file.
 * @throws {UserError} if it cannot be read, is a symbolic link, no regular file, or too large.
 */
export function readPem(path: string, secret: boolean): string {
  return withPath(unreadable, path, () => {
    // Without O_NONBLOCK, opening a named pipe would wait for ever.
    const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
    const descriptor = fs.openSync(path, flags);
    try {
      const stat = fs.fstatSync(descriptor);
      if (!stat.isFile() || stat.size > maximumFileBytes) throw notRegularFile(path);
      if (secret && (stat.mode & 0o077) !== 0) throw keyModeTooOpen(path, stat.mode & 0o777);
      return fs.readFileSync(descriptor, 'latin1');
    } finally {
      fs.closeSync(descriptor);
    }
  });
}
