import type { KeyObject } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyMismatch } from '../messages/pki.ts';
import {
  folderExists,
  folderInUse,
  indexLost,
  lockStays,
  noIndex,
  notKeptFolder,
} from '../messages/pki-folder.ts';
import { writeAtomically } from './atomic-file.ts';
import { createAuthority, type Authority } from './authority.ts';
import { encryptKey, loadEncryptedKey } from './encrypted-key.ts';
import { ensureCrl } from './ensure-crl.ts';
import { createFolders, exists, pkiPaths, writeCertificate, type PkiPaths } from './files.ts';
import { keyHash, writeIndex } from './issue-index.ts';
import { generateKey } from './keys.ts';
import { loadAuthorityCertificate } from './load.ts';
import { releaseProcessLock, replacingName, takeProcessLock } from './process-lock.ts';

/** How long another process is waited for. */
const longestWaitMs = 10_000;

/**
 * Does something in a folder of `hardening pki` while no other process changes it.
 *
 * @throws {UserError} if another process works there for longer than ten seconds.
 */
export async function whileLocked<Result>(
  directory: string,
  work: (paths: PkiPaths) => Promise<Result>,
): Promise<Result> {
  const paths = pkiPaths(directory);
  const lock = join(paths.root, 'lock');
  for (const giveUpAt = Date.now() + longestWaitMs; ;) {
    const taken = await takeProcessLock(lock);
    if (taken === 'stuck') throw lockStays(replacingName(lock));
    if (taken === 'taken') break;
    if (Date.now() > giveUpAt) throw folderInUse(paths.root, taken.holder, lock);
    await sleep(50);
  }
  try {
    return await work(paths);
  } finally {
    releaseProcessLock(lock);
  }
}

export interface InitRequest {
  /** O of the CA and of all that it issues. */
  readonly stack: string;
  /** CN of the CA. Another CA that is trusted meanwhile must have another one. */
  readonly commonName?: string | undefined;
  readonly lifetimeDays: number;
  readonly passphrase: string;
  readonly now: Date;
}

/**
 * Makes a folder with a CA whose key is encrypted, an empty revocation list and an empty index. The index comes last:
 * a run that was killed before is completed by the next one with the same passphrase.
 *
 * @throws {UserError} for a folder that has an index already or a key of another kind, and for a wrong passphrase.
 */
export async function initFolder(directory: string, request: InitRequest): Promise<void> {
  createFolders(pkiPaths(directory));
  await whileLocked(directory, async (paths) => {
    if (exists(paths.index)) throw folderExists(paths.root);
    if (fs.readdirSync(paths.certificates).some(isLeaf)) throw indexLost(paths.index);
    const { passphrase, stack, lifetimeDays, now } = request;
    if (!exists(paths.ca.key)) {
      if (exists(paths.ca.certificate)) throw notKeptFolder(paths.root);
      writeAtomically(paths.ca.key, await encryptKey(await generateKey(), passphrase), 0o600, false);
    }
    const key = loadEncryptedKey(paths.ca.key, passphrase);
    const commonName = request.commonName ?? defaultCommonName(stack, key);
    const made = await createAuthority({ commonName, organization: stack, lifetimeDays, now, key });
    writeCertificate(paths.ca.certificate, made.certificate.toString(), { overwrite: true });
    await ensureCrl(paths.crl, made, now);
    writeIndex(paths.index, { stack, crlNumber: '1', certificates: [] });
  });
}

const isLeaf = (name: string): boolean => name.endsWith('.crt') && name !== 'ca.crt';

/** A name that no other CA has: two that are trusted at the same time must differ in it, since CRLs name their issuer. */
function defaultCommonName(stack: string, key: KeyObject): string {
  return `${stack} hardening CA ${keyHash(key).slice(0, 8)}`;
}

/**
 * The folder that `hardening pki init` made, with its folders' modes narrowed.
 *
 * @throws {UserError} if there is none.
 */
export function keptFolder(directory: string): PkiPaths {
  const paths = pkiPaths(directory);
  if (!exists(paths.index)) throw noIndex(paths.index);
  createFolders(paths);
  return paths;
}

/**
 * Decrypts the CA's key.
 *
 * @throws {UserError} for a wrong passphrase, and for files that cannot be used.
 */
export function unlockAuthority(paths: PkiPaths, passphrase: string): Authority {
  const certificate = loadAuthorityCertificate(paths.ca.certificate);
  const key = loadEncryptedKey(paths.ca.key, passphrase);
  if (!certificate.checkPrivateKey(key)) throw keyMismatch(paths.ca.certificate, paths.ca.key);
  return { certificate, key };
}
