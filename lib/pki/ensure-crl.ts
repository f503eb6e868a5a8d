import type { Authority } from './authority.ts';
import { issueCrl } from './crl.ts';
import { exists, readPem, writeCertificate } from './files.ts';
import { readCrls, verifyCrl, type Crl } from './read-crl.ts';

/**
 * Makes the revocation list of a CA if it is missing, and signs it anew if it is another CA's or ends before this one
 * or is from the future. What it lists stays listed.
 *
 * @throws {UserError} for a file that is there and cannot be read.
 */
export async function ensureCrl(path: string, authority: Authority, now: Date): Promise<void> {
  const { certificate } = authority;
  const before: Crl | undefined = exists(path)
    ? readCrls(readPem(path, false), path).find((crl) => verifyCrl(crl, certificate))
    : undefined;
  const isCurrent =
    before?.nextUpdate !== undefined &&
    before.nextUpdate >= new Date(certificate.validTo) &&
    before.thisUpdate <= now;
  if (isCurrent) return;
  const revoked = before?.entries ?? [];
  const number = (before?.number ?? 0n) + 1n;
  writeCertificate(path, await issueCrl(authority, { revoked, number, now }), { overwrite: true });
}
