import { UserError } from './user-error.ts';

/** A path as one word of a shell command. */
function shellWord(path: string): string {
  return /^[\w./+@:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}

export function lifetimeOutOfRange(profile: string, lifetimeDays: number, maximumDays: number): UserError {
  return new UserError(
    `A ${profile} certificate cannot live for ${String(lifetimeDays)} days.`,
    `Choose a whole number of days from 1 to ${maximumDays}.`,
  );
}

export function outlivesAuthority(profile: string, lifetimeDays: number, daysLeft: number): UserError {
  return daysLeft < 1
    ? new UserError(
        `The CA certificate ends in less than a day or has expired, so it cannot issue a ${profile} certificate.`,
        'Renew the CA certificate first.',
      )
    : new UserError(
        `A ${profile} certificate of ${days(lifetimeDays)} would outlive its CA, which has ${days(daysLeft)} left.`,
        `Set its lifetime to ${days(daysLeft)} or less, or renew the CA certificate first.`,
      );
}

export function authorityNotYetValid(notBefore: Date): UserError {
  return new UserError(
    `The CA certificate is valid only from ${notBefore.toISOString()}, so it cannot issue one now.`,
    "Check this machine's clock and the CA certificate.",
  );
}

export function unsupportedAuthorityKey(kind: string): UserError {
  return new UserError(
    `The CA's private key is of the kind "${kind}", with which the kit cannot sign.`,
    'Use a CA with an EC key (P-256, P-384 or P-521) or an RSA key.',
  );
}

export function unsupportedLeafKey(path: string): UserError {
  return new UserError(
    `${path} is not an EC key on the curve P-256.`,
    `Move it away (mv ${shellWord(path)} ${shellWord(`${path}.old`)}) and run again: a new key is made.`,
  );
}

export function unreadable(path: string, code: string): UserError {
  return new UserError(
    `Cannot read ${path} (${code}).`,
    'Check that the file exists and that you may read it.',
  );
}

export function unwritable(path: string, code: string): UserError {
  return new UserError(
    `Cannot write ${path} (${code}).`,
    code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP'
      ? 'Choose a folder on a file system with permissions and hard links (not FAT, not a share of another system).'
      : 'Check that the folder exists, has room, and that you may write to it.',
  );
}

export function symbolicLink(path: string): UserError {
  return new UserError(
    `${path} is a symbolic link, which is not followed.`,
    'Put the file or folder itself there.',
  );
}

export function notRegularFile(path: string): UserError {
  return new UserError(`${path} is not a regular file of at most 16 MiB.`, 'Put the PEM file itself there.');
}

export function notFolder(path: string): UserError {
  return new UserError(`${path} is not a folder.`, 'Move it away or choose another folder.');
}

export function foreignFolder(path: string): UserError {
  return new UserError(
    `${path} belongs to another user, who could read or replace the keys in it.`,
    'Choose a folder of your own.',
  );
}

export function keyModeTooOpen(path: string, mode: number): UserError {
  return new UserError(
    `${path} is a private key that others than its owner may use (mode 0${mode.toString(8)}).`,
    `Run: chmod 600 ${shellWord(path)}`,
  );
}

export function malformedCertificate(path: string): UserError {
  return new UserError(
    `${path} does not hold a PEM certificate that can be read.`,
    'Restore it from where it was made, or move it away.',
  );
}

export function malformedKey(path: string): UserError {
  return new UserError(
    `${path} does not hold an unencrypted PEM private key that can be read.`,
    'Restore it from where it was made. An encrypted key has to be decrypted first (openssl pkey -in … -out …).',
  );
}

export function severalCertificates(path: string, count: number): UserError {
  return new UserError(
    `${path} holds ${count} certificates; every CA in it could issue every identity.`,
    'Leave only the one CA that issues the client certificates.',
  );
}

export function notAuthority(path: string): UserError {
  return new UserError(
    `${path} is not the certificate of a CA (its basic constraints say CA:FALSE or are missing).`,
    'Put the CA certificate there, not a server or client certificate.',
  );
}

export function keyMismatch(certificatePath: string, keyPath: string): UserError {
  return new UserError(
    `The private key ${keyPath} does not belong to the certificate ${certificatePath}.`,
    'Put the two files of one pair there.',
  );
}

export function subjectMismatch(path: string, expected: string, got: string): UserError {
  return new UserError(
    `${path} has the subject ${JSON.stringify(got)}, expected was ${JSON.stringify(expected)}.`,
    'Put the certificate of that service and generation there, or remove the file to have one issued.',
  );
}

export function alreadyThere(path: string): UserError {
  return new UserError(
    `${path} exists already and is not overwritten.`,
    `Move it away (mv ${shellWord(path)} ${shellWord(`${path}.old`)}) if it is no longer needed.`,
  );
}

export function halfPair(present: string, missing: string): UserError {
  return new UserError(
    `${present} is there but ${missing} is not: the pair is incomplete (an interrupted run, or a lost file).`,
    `Restore ${shellWord(missing)} from a copy, or give the pair up: mv ${shellWord(present)} ${shellWord(`${present}.old`)}`,
  );
}

export function pairMissing(what: string, certificatePath: string, keyPath: string): UserError {
  return new UserError(
    `The ${what} certificate is missing.`,
    `Expected are ${certificatePath} and its key ${keyPath}.`,
  );
}

export function clientMissingWithoutAuthorityKey(
  distinguishedName: string,
  certificatePath: string,
  keyPath: string,
  authorityKeyPath: string,
): UserError {
  return new UserError(
    `There is no client certificate for ${distinguishedName}, and no CA key to issue one.`,
    `Put it at ${certificatePath} with its key at ${keyPath}, or put the CA's key at ${authorityKeyPath}; where that is encrypted, issue it: hardening pki issue.`,
  );
}

export function sameFolder(path: string): UserError {
  return new UserError(
    `${path} is the folder in which this program keeps its own certificates.`,
    'Name another folder, or none to use the certificates that are there.',
  );
}
