import { UserError } from './user-error.ts';

const list = (names: readonly string[]): string => names.join(', ');

/** What is wrong with a certificate, after its path. */
export const leafProblem = {
  otherIssuer: 'was not issued by the CA of the folder',
  notBegun: (validFrom: string) => `is valid only from ${new Date(validFrom).toISOString()}`,
  ended: (validTo: string) => `ended at ${new Date(validTo).toISOString()}`,
  outlives: 'outlives its CA',
  tooLong: (days: number, maximumDays: number) =>
    `lives for ${days} days, and ${maximumDays} are the most that the configuration allows`,
  otherKey: 'has a key other than EC on the curve P-256',
  mayBeCa: 'is not marked as a leaf (basicConstraints CA:FALSE)',
  otherKeyUsage: 'has another keyUsage than digitalSignature alone',
  otherExtendedKeyUsage: (wanted: readonly string[]) =>
    `has another extendedKeyUsage than ${list(wanted)} alone`,
  otherSubject: (got: string, expected: string) =>
    `has the subject ${JSON.stringify(got)}, and expected is ${JSON.stringify(expected)}, each a PrintableString`,
  alsoNamed: (names: string) => `has subjectAltNames too (${names}), and a client has none`,
  otherOrganization: (got: string, expected: string) => `is of ${JSON.stringify(got)}, not of O=${expected}`,
  otherNames: (got: string, expected: readonly string[]) =>
    `is valid for ${got === '' ? 'no name' : got}, and has to be for ${list(expected)}`,
  missing: 'is missing',
} as const;

const dir = (directory: string): string => `--dir ${directory}`;

/** A file of the folder that will not do, and the command that makes one that does. */
export function unfitFile(path: string, problems: readonly string[], fix: string): UserError {
  return new UserError(`${path} ${problems.join('; it ')}.`, fix);
}

export const externalFix = {
  issue: (directory: string, stack: string) => `Run: hardening pki issue ${dir(directory)} --stack ${stack}`,
  crl: (directory: string, stack: string) => `Run: hardening pki crl ${dir(directory)} --stack ${stack}`,
  newAuthority:
    'Make another CA (hardening pki init), trust both for a while (pki.alsoTrustedDirectories), and move to it.',
  restore: 'Restore the folder from a copy, public parts included.',
} as const;

export const authorityProblem = {
  notBegun: (validFrom: string) => `is valid only from ${new Date(validFrom).toISOString()}`,
  ended: (validTo: string) => `ended at ${new Date(validTo).toISOString()}`,
  otherOrganization: (stack: string) => `is not of O=${stack}`,
  noCrlSign: 'may not sign revocation lists (keyUsage cRLSign)',
  notItsOwn: 'is not signed with its own key',
} as const;

export const crlProblem = {
  missing: 'is missing',
  several: (count: number) => `holds ${count} revocation lists, and has to hold the one of the CA`,
  foreign: 'was not signed by the CA of the folder',
  fromFuture: (thisUpdate: Date) => `is valid only from ${thisUpdate.toISOString()}`,
  noEnd: 'has no nextUpdate',
  endsEarly: (nextUpdate: Date, notAfter: Date) =>
    `ends at ${nextUpdate.toISOString()}, before certificates that end at ${notAfter.toISOString()}, and would then lock everyone out`,
  noNumber: 'has no CRLNumber, by which the machine tells the newer list',
  listsAccepted: (names: readonly string[]) =>
    `lists certificates that the configuration lets in: ${list(names)}`,
  lacks: (names: readonly string[]) =>
    `lacks certificates that the configuration does not let in: ${list(names)}`,
} as const;

/** What to do where the list has what the configuration lets in. */
export const raiseGeneration =
  'Raise the generation of these services in the configuration; then, and for the gateway itself, run hardening pki issue.';

/** Everything that is wrong with a folder at once. */
export function severalProblems(problems: readonly UserError[]): UserError {
  return new UserError(
    problems.map(({ message }) => message).join('\n'),
    [...new Set(problems.map(({ fix }) => fix))].join('\n'),
  );
}
