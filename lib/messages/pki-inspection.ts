import { UserError } from './user-error.ts';

/** What `hardening pki inspect` calls things, and refuses. */
export const inspectionText = {
  subject: 'subject',
  issuer: 'issuer',
  serialNumber: 'serial number',
  validFrom: 'valid from',
  validTo: 'valid until',
  names: 'names',
  fingerprint: 'SHA-256',
  attributes: 'asks for',
  number: 'number',
  thisUpdate: 'valid from',
  nextUpdate: 'next update',
  entries: 'revoked certificates',
  revoked: 'revoked',
  none: 'none',
  more: (count: number) => `and ${count} more`,
  ended: 'has ended',
  noIdentity:
    'names no identity: O=STACK, CN=SERVICE, serialNumber=GENERATION in this order, one attribute an RDN',
  well: 'Nothing is wrong with it.',
  notJudged: 'Its issuer was not judged: name the folder of its CA with --dir.',
  head: ['name', 'serial number', 'valid until', 'state'],
  states: {
    valid: 'valid',
    ended: 'ended',
    revoked: (date: string, reason: string) => `revoked ${date.slice(0, 10)}, ${reason}`,
  },
  privateKey: (source: string) =>
    new UserError(
      `${source} holds a private key, which is not shown.`,
      'Name the certificate that belongs to it.',
    ),
  unknown: (source: string) =>
    new UserError(
      `${source} is no PEM certificate, request or revocation list that can be read.`,
      'Name another file, or none for everything that the CA issued.',
    ),
};
