import { X509Certificate, type KeyObject } from 'node:crypto';
import { keyOfAnotherEntry, otherKeyForIdentity, revokedIdentity } from '../messages/pki-folder.ts';
import type { Authority } from './authority.ts';
import { exists, writeCertificate, writeKey, type PkiPaths } from './files.ts';
import { isCurrent } from './fitness.ts';
import type { Identity } from './identity.ts';
import {
  entryOf,
  hasNotEnded,
  keyHash,
  readIndex,
  writeIndex,
  type IndexEntry,
  type IssueIndex,
} from './issue-index.ts';
import { generateKey } from './keys.ts';
import { whileLocked } from './kept-folder.ts';
import { clientLeaf, ensureKey, serverLeaf, type Leaf, type WantedPki } from './leaf.ts';
import { loadAuthorityCertificate, loadCertificates, loadKey } from './load.ts';
import { checkRequest } from './request.ts';
import { serialNumberOf } from './serial-number.ts';

/** What a folder is to have issued. */
export interface IssueWanted {
  readonly stack: string;
  /** The gateway's certificate. Default: it is not looked at. */
  readonly server?: WantedPki['server'];
  /** The identity that the machine checks itself with. Default: it is not looked at. */
  readonly health?: WantedPki['clients'][number];
  readonly clients: WantedPki['clients'];
}

/** A certificate that was looked at. */
export interface IssueResult {
  /** `server`, or `SERVICE-GENERATION`. */
  readonly name: string;
  readonly certificate: string;
  readonly outcome: 'kept' | 'issued' | 'renewed';
  readonly notAfter: string;
}

/** A leaf in a folder. The gateway and the health identity have no generation to raise: their keys can be replaced. */
interface KeptLeaf extends Leaf {
  readonly name: string;
  /** The machine gets its key from here. */
  readonly isMachines: boolean;
}

function keptLeaves(paths: PkiPaths, wanted: IssueWanted, now: Date): KeptLeaf[] {
  const { stack, server, health, clients } = wanted;
  const client = (one: WantedPki['clients'][number], isMachines: boolean): KeptLeaf => ({
    ...clientLeaf(paths, one, now),
    name: `${one.identity.service}-${one.identity.generation}`,
    isMachines,
  });
  return [
    ...(server === undefined
      ? []
      : [{ ...serverLeaf(paths, { stack, server }, now), name: 'server', isMachines: true }]),
    ...(health === undefined ? [] : [client(health, true)]),
    ...clients.map((one) => client(one, false)),
  ];
}

/** What is there of a leaf. */
interface Present {
  readonly certificate: X509Certificate | undefined;
  readonly key: KeyObject | undefined;
  readonly entry: IndexEntry | undefined;
}

function presentOf({ paths }: Leaf, index: IssueIndex): Present {
  const certificate = exists(paths.certificate) ? loadCertificates(paths.certificate)[0] : undefined;
  const serialNumber = certificate === undefined ? undefined : String(serialNumberOf(certificate));
  return {
    certificate,
    key: exists(paths.key) ? loadKey(paths.key) : undefined,
    entry: index.certificates.find((entry) => entry.serialNumber === serialNumber),
  };
}

function isDue(leaf: KeptLeaf, index: IssueIndex, authority: X509Certificate, now: Date): boolean {
  const { certificate, key, entry } = presentOf(leaf, index);
  return (
    certificate === undefined ||
    entry === undefined ||
    entry.revoked !== undefined ||
    (leaf.isMachines && key === undefined) ||
    !isCurrent(certificate, key, { authority, lifetimeDays: leaf.lifetimeDays, now }) ||
    !leaf.fits(certificate)
  );
}

/**
 * Issues what is wanted and missing, and renews what no longer fits or is in the last third of its life. What fits is
 * left alone. A renewed certificate keeps its key, also where that is elsewhere and came by a request; only the gateway
 * and the health identity get another one, where theirs was revoked. The index has a certificate before its file is
 * written, so that a run that was killed leaves nothing that cannot be revoked, and the next one completes it.
 *
 * @param unlock decrypts the CA's key; called only if something is due, and before anything is locked.
 * @throws {UserError} for an identity that was revoked, a key that another identity has, a lifetime beyond the CA's,
 *   and for files that cannot be used.
 */
export async function issueDue(
  paths: PkiPaths,
  wanted: IssueWanted,
  unlock: () => Promise<Authority>,
  now: Date,
): Promise<IssueResult[]> {
  const due = (): KeptLeaf[] => {
    const index = readIndex(paths.index);
    const authority = loadAuthorityCertificate(paths.ca.certificate);
    for (const { identity } of wanted.clients) requireNotRevoked(index, identity);
    return keptLeaves(paths, wanted, now).filter((leaf) => isDue(leaf, index, authority, now));
  };
  if (due().length === 0) return resultsOf(paths, wanted, new Map(), now);
  const authority = await unlock();
  return await whileLocked(paths.root, async () => {
    const issued = new Map<string, 'issued' | 'renewed'>();
    const index = readIndex(paths.index);
    const made: { readonly leaf: KeptLeaf; readonly pem: string }[] = [];
    for (const leaf of due()) {
      const publicKey = await keyToCertify(leaf, index);
      const pem = await leaf.issue(authority, publicKey);
      record(index, new X509Certificate(pem), leaf.identity);
      made.push({ leaf, pem });
    }
    writeIndex(paths.index, index);
    for (const { leaf, pem } of made) {
      issued.set(leaf.name, exists(leaf.paths.certificate) ? 'renewed' : 'issued');
      writeCertificate(leaf.paths.certificate, pem, { overwrite: true });
    }
    return resultsOf(paths, wanted, issued, now);
  });
}

function resultsOf(
  paths: PkiPaths,
  wanted: IssueWanted,
  issued: ReadonlyMap<string, 'issued' | 'renewed'>,
  now: Date,
): IssueResult[] {
  return keptLeaves(paths, wanted, now).map((leaf) => ({
    name: leaf.name,
    certificate: leaf.paths.certificate,
    outcome: issued.get(leaf.name) ?? 'kept',
    notAfter: new Date(loadCertificates(leaf.paths.certificate)[0].validTo).toISOString(),
  }));
}

async function keyToCertify(leaf: KeptLeaf, index: IssueIndex): Promise<KeyObject> {
  const { certificate, key } = presentOf(leaf, index);
  if (leaf.isMachines) {
    if (key === undefined || !isRevokedKey(index, key)) return await ensureKey(leaf.paths.key);
    const another = await generateKey();
    writeKey(leaf.paths.key, another, { overwrite: true });
    return another;
  }
  // A certificate without a key came by a request: its key is where the request was made.
  return key === undefined && certificate !== undefined
    ? certificate.publicKey
    : await ensureKey(leaf.paths.key);
}

/** Writes a new certificate down, unless its key is somebody else's. */
function record(index: IssueIndex, certificate: X509Certificate, identity: Identity | undefined): void {
  const entry = entryOf(certificate, identity);
  const other = index.certificates.find(
    ({ keySha256, service, generation }) =>
      keySha256 === entry.keySha256 && (service !== entry.service || generation !== entry.generation),
  );
  if (other !== undefined) throw keyOfAnotherEntry(nameOf(entry), nameOf(other));
  index.certificates.push(entry);
}

const nameOf = ({ service, generation }: IndexEntry): string =>
  service === undefined ? 'server' : `${service}-${generation ?? 0}`;

function isRevokedKey(index: IssueIndex, key: KeyObject): boolean {
  const hash = keyHash(key);
  return index.certificates.some(({ keySha256, revoked }) => keySha256 === hash && revoked !== undefined);
}

/** An identity that was revoked once is not issued again: its next generation is. */
function requireNotRevoked(index: IssueIndex, { service, generation }: Identity): void {
  const ofService = index.certificates.filter((entry) => entry.service === service);
  if (ofService.some((entry) => entry.generation === generation && entry.revoked !== undefined)) {
    throw revokedIdentity(
      service,
      generation,
      Math.max(...ofService.map((entry) => entry.generation ?? 0)) + 1,
    );
  }
}

export interface SignRequest {
  /** The request, PEM. */
  readonly text: string;
  /** What messages call it, such as its path. */
  readonly source: string;
  readonly identity: Identity;
  readonly lifetimeDays: number;
  readonly now: Date;
}

/**
 * Issues the certificate that a service's host asks for, whose key stays there. A request with the key of the
 * certificate that is there renews it.
 *
 * @param unlock decrypts the CA's key; called after the request was checked, and before anything is locked.
 * @returns the path of the certificate.
 * @throws {UserError} as `checkRequest` does, for an identity that was revoked, for a key that another identity has, and
 *   for another key than that of the identity's running certificate.
 */
export async function signRequest(
  paths: PkiPaths,
  { text, source, identity, lifetimeDays, now }: SignRequest,
  unlock: () => Promise<Authority>,
): Promise<string> {
  const { publicKey } = checkRequest(text, identity, source);
  const check = (): IssueIndex => {
    const index = readIndex(paths.index);
    requireNotRevoked(index, identity);
    const { service, generation } = identity;
    const holder = index.certificates.find(
      (entry) => entry.service === service && entry.generation === generation && hasNotEnded(entry, now),
    );
    if (holder !== undefined && holder.keySha256 !== keyHash(publicKey)) {
      throw otherKeyForIdentity(source, service, generation);
    }
    return index;
  };
  check();
  const authority = await unlock();
  return await whileLocked(paths.root, async () => {
    const index = check();
    const leaf = clientLeaf(paths, { identity, lifetimeDays }, now);
    const pem = await leaf.issue(authority, publicKey);
    record(index, new X509Certificate(pem), identity);
    writeIndex(paths.index, index);
    writeCertificate(leaf.paths.certificate, pem, { overwrite: true });
    return leaf.paths.certificate;
  });
}
