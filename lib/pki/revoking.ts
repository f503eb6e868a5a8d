import { nothingToRevoke } from '../messages/pki-folder.ts';
import type { Authority } from './authority.ts';
import { issueCrl, type RevocationReason, type RevokedEntry } from './crl.ts';
import { exists, readPem, writeCertificate, type PkiPaths } from './files.ts';
import { hasNotEnded, readIndex, writeIndex, type IndexEntry, type IssueIndex } from './issue-index.ts';
import { whileLocked } from './kept-folder.ts';
import { readCrls, verifyCrl, type Crl } from './read-crl.ts';

export interface RevokeRequest {
  /** Undefined for the gateway's own certificate. */
  readonly service: string | undefined;
  /** Default: every generation that was issued. */
  readonly generation?: number | undefined;
  readonly reason: RevocationReason;
  readonly now: Date;
}

/**
 * Marks the certificates of a service as revoked in the index; the next list that is signed has them. What was marked
 * before keeps its date and reason.
 *
 * @returns those that were marked now.
 * @throws {UserError} if none was ever issued.
 */
export async function revokeInIndex(paths: PkiPaths, request: RevokeRequest): Promise<IndexEntry[]> {
  const { service, generation, reason, now } = request;
  return await whileLocked(paths.root, () => {
    const index = readIndex(paths.index);
    const found = index.certificates.filter(
      (entry) => entry.service === service && (generation === undefined || entry.generation === generation),
    );
    if (found.length === 0) throw nothingToRevoke(service, generation);
    const marked = mark(index, found, reason, now);
    writeIndex(paths.index, index);
    return Promise.resolve(marked);
  });
}

/** An identity without its stack. */
export interface AcceptedIdentity {
  readonly service: string;
  readonly generation: number;
}

/**
 * Certificates that have not ended of identities that are not accepted any more: each of them belongs on the list. A
 * generation above all accepted ones of its service is one that is not accepted yet.
 */
export function refusedEntries(
  { certificates }: IssueIndex,
  accepted: readonly AcceptedIdentity[],
  now: Date,
): IndexEntry[] {
  const isRefused = refusalBy(accepted);
  return certificates.filter(
    ({ service, generation = 0, ...entry }) =>
      service !== undefined && hasNotEnded(entry, now) && isRefused({ service, generation }),
  );
}

/** Tells which identities are not accepted any more. */
export function refusalBy(accepted: readonly AcceptedIdentity[]): (identity: AcceptedIdentity) => boolean {
  const generations = new Map<string, number[]>();
  for (const { service, generation } of accepted) {
    generations.set(service, [...(generations.get(service) ?? []), generation]);
  }
  return ({ service, generation }) => {
    const ofService = generations.get(service);
    if (ofService === undefined) return true;
    return !ofService.includes(generation) && generation < Math.max(...ofService);
  };
}

function mark(
  index: IssueIndex,
  entries: readonly IndexEntry[],
  reason: RevocationReason,
  now: Date,
): IndexEntry[] {
  const marked: IndexEntry[] = [];
  const date = new Date(Math.floor(now.getTime() / 1000) * 1000).toISOString();
  index.certificates = index.certificates.map((entry) => {
    if (entry.revoked !== undefined || !entries.includes(entry)) return entry;
    const revoked = { ...entry, revoked: { date, reason } };
    marked.push(revoked);
    return revoked;
  });
  return marked;
}

/** What a list that was signed says. */
export interface SignedCrl {
  readonly number: bigint;
  readonly entries: number;
  readonly nextUpdate: Date;
  /** What was marked as revoked since its identity is not accepted. */
  readonly marked: readonly IndexEntry[];
}

/**
 * Signs the revocation list: every revoked certificate that has not ended. What the list before has and the index does
 * not know stays. The index has the number before the list is written, so that no number is used twice.
 *
 * @param accepted the identities that the configuration lets in; certificates of every other one are revoked first.
 *   Default: nothing is revoked but what is marked already.
 * @throws {UserError} for a CA that has ended, and for files that cannot be used.
 */
export async function signFolderCrl(
  paths: PkiPaths,
  authority: Authority,
  { accepted, now }: { readonly accepted?: readonly AcceptedIdentity[] | undefined; readonly now: Date },
): Promise<SignedCrl> {
  return await whileLocked(paths.root, async () => {
    const index = readIndex(paths.index);
    const refused = accepted === undefined ? [] : refusedEntries(index, accepted, now);
    const stays = (entry: IndexEntry): boolean =>
      accepted?.some(({ service }) => service === entry.service) === true;
    const marked = [
      ...mark(index, refused.filter(stays), 'superseded', now),
      ...mark(
        index,
        refused.filter((entry) => !stays(entry)),
        'cessationOfOperation',
        now,
      ),
    ];
    const before = runningCrl(paths, authority);
    const revoked = [...listed(index, now), ...unknown(before, index)];
    const used = [BigInt(index.crlNumber), before?.number ?? 0n];
    const number = used.reduce((a, b) => (a > b ? a : b)) + 1n;
    index.crlNumber = String(number);
    writeIndex(paths.index, index);
    writeCertificate(paths.crl, await issueCrl(authority, { revoked, number, now }), { overwrite: true });
    const nextUpdate = new Date(authority.certificate.validTo);
    return { number, entries: revoked.length, nextUpdate, marked };
  });
}

function listed(index: IssueIndex, now: Date): RevokedEntry[] {
  return index.certificates.flatMap((entry) =>
    entry.revoked === undefined || !hasNotEnded(entry, now)
      ? []
      : [
          {
            serialNumber: BigInt(entry.serialNumber),
            revocationDate: new Date(entry.revoked.date),
            reason: entry.revoked.reason,
          },
        ],
  );
}

/** Entries of a list whose certificates the index has not: it may be an older copy. */
function unknown(before: Crl | undefined, index: IssueIndex): RevokedEntry[] {
  const known = new Set(index.certificates.map(({ serialNumber }) => serialNumber));
  return (before?.entries ?? []).filter(({ serialNumber }) => !known.has(String(serialNumber)));
}

function runningCrl(paths: PkiPaths, { certificate }: Authority): Crl | undefined {
  if (!exists(paths.crl)) return undefined;
  return readCrls(readPem(paths.crl, false), paths.crl).find((crl) => verifyCrl(crl, certificate));
}
