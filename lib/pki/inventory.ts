import type { X509Certificate } from 'node:crypto';
import { realpathSync } from 'node:fs';
import {
  clientMissingWithoutAuthorityKey,
  halfPair,
  keyMismatch,
  sameFolder,
  subjectMismatch,
} from '../messages/pki.ts';
import { canIssueFor, createAuthority, type Authority } from './authority.ts';
import { createFolders, exists, pkiPaths, writeCertificate, type PairPaths, type PkiPaths } from './files.ts';
import { isCurrent, isNamed, lifetimeDaysOf, speaksFor } from './fitness.ts';
import { distinguishedName, type Identity } from './identity.ts';
import { ensureCrl } from './ensure-crl.ts';
import { clientLeaf, ensureKey, serverLeaf, type Leaf, type WantedPki } from './leaf.ts';
import {
  loadAuthority,
  loadAuthorityCertificate,
  loadCertificate,
  loadCertificates,
  loadKey,
  type LoadedAuthority,
} from './load.ts';

export type { WantedPki };

export interface EnsureOptions {
  /** The time of issue. Default: the system's clock. */
  readonly now?: Date;
  /**
   * A PKI folder that somebody else keeps, in the layout of {@link pkiPaths}: its CA and its server certificate are
   * used, whatever the server certificate says, and the clients' certificates that it has. Nothing is written there.
   * Default: the folder has a CA of its own.
   */
  readonly readOnlyAuthorityDir?: string;
}

/** A client's files and who they speak for. */
export interface ClientFiles extends PairPaths {
  readonly service: string;
  readonly generation: number;
  readonly distinguishedName: string;
}

/** Absolute paths of everything wanted. */
export interface Pki {
  /** `key` is undefined if the CA's private key is not in its folder or encrypted, `crl` if a given folder has none. */
  readonly ca: {
    readonly certificate: string;
    readonly key: string | undefined;
    readonly crl: string | undefined;
  };
  readonly server: PairPaths;
  /** In the order in which they were wanted. */
  readonly clients: readonly ClientFiles[];
}

/**
 * Makes the certificates in `directory` that are missing and renews those that no longer fit: another name, lifetime
 * or CA, or in the last third of their life. What fits is left alone, and a key is never overwritten: a renewed
 * certificate, a CA's too, keeps its key. The CA's revocation list keeps what it lists. So every file is written in one step that fits to whatever else is there,
 * and processes that do this at the same time, or died while they did it, leave a PKI that the next call completes.
 *
 * @throws {UserError} for files that cannot be used (see {@link loadCertificate}), for a CA certificate that lost its
 *   key, for a lifetime beyond the CA's, and with `readOnlyAuthorityDir` for what is missing there.
 */
export async function ensurePki(
  directory: string,
  wanted: WantedPki,
  options: EnsureOptions = {},
): Promise<Pki> {
  const now = options.now ?? new Date();
  const paths = pkiPaths(directory);
  createFolders(paths);
  return options.readOnlyAuthorityDir === undefined
    ? await ensureOwn(paths, wanted, now)
    : await ensureUnder(options.readOnlyAuthorityDir, paths, wanted, now);
}

async function ensureOwn(paths: PkiPaths, wanted: WantedPki, now: Date): Promise<Pki> {
  const authority = await ensureAuthority(paths.ca, wanted, now);
  const clients = wanted.clients.map((client) => clientLeaf(paths, client, now));
  const leaves = [serverLeaf(paths, wanted, now), ...clients];
  const due = leaves.filter((leaf) => !isFit(leaf, authority.certificate, now));
  const tooLong = due.some(({ lifetimeDays }) => !canIssueFor(authority, lifetimeDays, now));
  const issuer = tooLong ? await renewAuthority(paths.ca, authority, wanted, now) : authority;
  for (const leaf of due) await issueLeaf(leaf, issuer);
  await ensureCrl(paths.crl, issuer, now);
  return {
    ca: { ...paths.ca, crl: paths.crl },
    server: paths.server,
    clients: wanted.clients.map(({ identity }) => clientFiles(identity, paths.client(identity))),
  };
}

async function ensureUnder(givenDir: string, own: PkiPaths, wanted: WantedPki, now: Date): Promise<Pki> {
  const given = pkiPaths(givenDir);
  if (exists(given.root) && realpathSync(given.root) === realpathSync(own.root)) throw sameFolder(given.root);
  const authority = loadAuthority(givenDir);
  loadCertificate(given.server, 'server');
  const clients: ClientFiles[] = [];
  for (const client of wanted.clients) {
    const { identity } = client;
    const there = given.client(identity);
    if (exists(there.certificate) && exists(there.key)) {
      const { certificate } = loadCertificate(there, 'client');
      if (!speaksFor(certificate, identity)) {
        const got = certificate.subject.split('\n').reverse().join(',');
        throw subjectMismatch(there.certificate, distinguishedName(identity), got);
      }
      clients.push(clientFiles(identity, there));
      continue;
    }
    const leaf = clientLeaf(own, client, now);
    if (!isFit(leaf, authority.certificate, now)) {
      if (!hasKey(authority)) {
        const name = distinguishedName(identity);
        throw clientMissingWithoutAuthorityKey(name, there.certificate, there.key, given.ca.key);
      }
      await issueLeaf(leaf, authority);
    }
    clients.push(clientFiles(identity, leaf.paths));
  }
  return {
    ca: {
      certificate: given.ca.certificate,
      key: hasKey(authority) ? given.ca.key : undefined,
      crl: exists(given.crl) ? given.crl : undefined,
    },
    server: given.server,
    clients,
  };
}

function hasKey(authority: LoadedAuthority): authority is Authority {
  return authority.key !== undefined;
}

function clientFiles(identity: Identity, paths: PairPaths): ClientFiles {
  const { service, generation } = identity;
  return { ...paths, service, generation, distinguishedName: distinguishedName(identity) };
}

function isFit(leaf: Leaf, authority: X509Certificate, now: Date): boolean {
  if (!exists(leaf.paths.certificate) || !exists(leaf.paths.key)) return false;
  const [certificate] = loadCertificates(leaf.paths.certificate);
  const key = loadKey(leaf.paths.key);
  return (
    isCurrent(certificate, key, { authority, lifetimeDays: leaf.lifetimeDays, now }) && leaf.fits(certificate)
  );
}

async function issueLeaf(leaf: Leaf, authority: Authority): Promise<void> {
  const key = await ensureKey(leaf.paths.key);
  // The folder is the kit's own, so an old certificate may go; the key stays, so any certificate here matches it.
  writeCertificate(leaf.paths.certificate, await leaf.issue(authority, key), { overwrite: true });
}

async function ensureAuthority(paths: PairPaths, wanted: WantedPki, now: Date): Promise<Authority> {
  // In this order: whoever sees another process's certificate sees its key, which was written first.
  const hadCertificate = exists(paths.certificate);
  if (hadCertificate && !exists(paths.key)) throw halfPair(paths.certificate, paths.key);
  const key = await ensureKey(paths.key);
  if (!hadCertificate) {
    const made = await createAuthority({ ...wanted.ca, organization: wanted.stack, now, key });
    if (writeCertificate(paths.certificate, made.certificate.toString())) return made;
  }
  const certificate = loadAuthorityCertificate(paths.certificate);
  if (!certificate.checkPrivateKey(key)) throw keyMismatch(paths.certificate, paths.key);
  const authority = { certificate, key };
  const { commonName, lifetimeDays } = wanted.ca;
  return isNamed(certificate, wanted.stack, commonName) && lifetimeDaysOf(certificate) === lifetimeDays
    ? authority
    : await renewAuthority(paths, authority, wanted, now);
}

/** Gives the CA's key a new certificate. What the old one issued stays valid if the name is the same. */
async function renewAuthority(
  paths: PairPaths,
  { key }: Authority,
  wanted: WantedPki,
  now: Date,
): Promise<Authority> {
  const renewed = await createAuthority({ ...wanted.ca, organization: wanted.stack, now, key });
  writeCertificate(paths.certificate, renewed.certificate.toString(), { overwrite: true });
  return renewed;
}
