import { UserError } from './user-error.ts';

const day = (iso: string): string => iso.slice(0, 10);
const certificates = (count: number): string => (count === 1 ? '1 certificate' : `${count} certificates`);

/** What `hardening pki` prints, and refuses by itself. */
export const pkiCommandText = {
  outcomes: { kept: 'unchanged', issued: 'issued', renewed: 'renewed' },
  until: (notAfter: string) => `valid until ${day(notAfter)}`,
  made: (directory: string, subject: string, notAfter: string) => [
    `Made the CA ${subject}, valid until ${day(notAfter)}.`,
    `Keep a copy of ${directory}/ and the passphrase apart from each other; nobody can recover either.`,
    `Next: hardening pki issue --dir ${directory}`,
  ],
  signed: (certificate: string) => `Issued ${certificate}. Hand it to the service's host.`,
  marked: (count: number, directory: string) => [
    count === 0 ? 'Everything was marked as revoked before.' : `Marked ${certificates(count)} as revoked.`,
    `They are refused once the list is signed and deployed: hardening pki crl --dir ${directory}`,
  ],
  toRevoke: (count: number, directory: string) =>
    `${certificates(count)} that the configuration does not let in any more: run hardening pki crl --dir ${directory}`,
  crlSigned: (file: string, number: bigint, entries: number, marked: readonly string[]) => [
    ...(marked.length > 0
      ? [`Revoked, since the configuration does not let them in: ${marked.join(', ')}.`]
      : []),
    `Signed ${file}: number ${number}, ${certificates(entries)} revoked.`,
  ],
  requestMade: (request: string, key: string, isNew: boolean) => [
    isNew ? `Made the key ${key}; it stays here.` : `Used the key that is there: ${key}.`,
    `Hand in the request: ${request}`,
  ],
  noServerName: new UserError(
    'The gateway needs a name.',
    'Give at least one --server-name or --address, or run hardening pki issue without an argument.',
  ),
  otherStack: (root: string, owner: string, stack: string) =>
    new UserError(
      `The CA in ${root} is for the stack ${owner}, and ${stack} was asked for.`,
      `Name the folder of ${stack} with --dir, or make one: hardening pki init --dir DIR --stack ${stack}.`,
    ),
};
