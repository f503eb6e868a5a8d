import type { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crlProblem, externalFix, raiseGeneration, unfitFile } from '../messages/pki-external.ts';
import type { UserError } from '../messages/user-error.ts';
import { exists, readPem, type PkiPaths } from './files.ts';
import { identityOf } from './fitness.ts';
import { readIndex } from './issue-index.ts';
import type { IssueWanted } from './issuing.ts';
import { loadCertificates } from './load.ts';
import { readCrls, verifyCrl, type Crl } from './read-crl.ts';
import { refusalBy, refusedEntries } from './revoking.ts';
import { serialNumberOf } from './serial-number.ts';

/** What is wrong with the revocation list of a CA, whatever is on it. */
export function listProblems(lists: readonly Crl[], authority: X509Certificate, now: Date): string[] {
  const [crl] = lists;
  if (crl === undefined || lists.length > 1) return [crlProblem.several(lists.length)];
  if (!verifyCrl(crl, authority)) return [crlProblem.foreign];
  return [
    ...(crl.thisUpdate <= now ? [] : [crlProblem.fromFuture(crl.thisUpdate)]),
    ...(crl.number === undefined ? [crlProblem.noNumber] : []),
    ...(crl.nextUpdate === undefined ? [crlProblem.noEnd] : []),
    ...(crl.nextUpdate !== undefined && crl.nextUpdate < now
      ? [crlProblem.endsEarly(crl.nextUpdate, now)]
      : []),
  ];
}

/**
 * Reads the revocation list of a folder and compares it with what the configuration lets in.
 *
 * @param leaves the certificates that are let in, before the last of which the list may not end.
 */
export function agreedCrl(
  paths: PkiPaths,
  directory: string,
  wanted: Required<IssueWanted>,
  {
    authority,
    leaves,
    now,
  }: { readonly authority: X509Certificate; readonly leaves: readonly X509Certificate[]; readonly now: Date },
): { readonly pem?: string; readonly problems: readonly UserError[] } {
  const fix = externalFix.crl(directory, wanted.stack);
  if (!exists(paths.crl)) return { problems: [unfitFile(paths.crl, [crlProblem.missing], fix)] };
  const lists = readCrls(readPem(paths.crl, false), paths.crl);
  const found = listProblems(lists, authority, now);
  const [crl] = lists;
  if (crl === undefined || found.length > 0) return { problems: [unfitFile(paths.crl, found, fix)] };
  const last = Math.max(0, ...leaves.map(({ validTo }) => Date.parse(validTo)));
  const endsEarly = crl.nextUpdate !== undefined && crl.nextUpdate.getTime() < last;
  const listed = new Set(crl.entries.map(({ serialNumber }) => serialNumber));
  const lacking = refusedSerials(paths, wanted, authority, now)
    .filter(({ serialNumber }) => !listed.has(serialNumber))
    .map(({ name }) => name);
  const accepted = leaves.filter((one) => listed.has(serialNumberOf(one))).map(shortName);
  const problems = [
    ...(endsEarly ? [crlProblem.endsEarly(crl.nextUpdate, new Date(last))] : []),
    ...(lacking.length > 0 ? [crlProblem.lacks([...new Set(lacking)])] : []),
  ];
  return {
    pem: crl.pem,
    problems: [
      ...(problems.length > 0 ? [unfitFile(paths.crl, problems, fix)] : []),
      ...(accepted.length > 0
        ? [unfitFile(paths.crl, [crlProblem.listsAccepted(accepted)], raiseGeneration)]
        : []),
    ],
  };
}

const shortName = (certificate: X509Certificate): string =>
  certificate.subject.split('\n').slice(1).join(' ');

/** Certificates that have not ended and are not let in any more: by the index, and by the files that are in the folder. */
function refusedSerials(
  paths: PkiPaths,
  { health, clients }: Required<IssueWanted>,
  authority: X509Certificate,
  now: Date,
): { readonly serialNumber: bigint; readonly name: string }[] {
  const accepted = [health, ...clients].map(({ identity }) => identity);
  const fromIndex = exists(paths.index) ? refusedEntries(readIndex(paths.index), accepted, now) : [];
  const isRefused = refusalBy(accepted);
  const fromFiles = readdirSync(paths.certificates)
    .filter((name) => name.endsWith('.crt') && name !== 'ca.crt' && name !== 'server.crt')
    .map((name) => ({ name, certificate: loadCertificates(join(paths.certificates, name))[0] }))
    .filter(({ certificate }) => {
      const identity = identityOf(certificate);
      return (
        certificate.checkIssued(authority) &&
        certificate.verify(authority.publicKey) &&
        new Date(certificate.validTo) >= now &&
        (identity === undefined || isRefused(identity))
      );
    });
  return [
    ...fromIndex.map((entry) => ({
      serialNumber: BigInt(entry.serialNumber),
      name: `${entry.service ?? ''}-${entry.generation ?? 0}`,
    })),
    ...fromFiles.map(({ name, certificate }) => ({
      serialNumber: serialNumberOf(certificate),
      name: name.replace(/\.crt$/, ''),
    })),
  ];
}
