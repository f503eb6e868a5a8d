import { UserError } from './user-error.ts';

export function malformedCrl(source: string): UserError {
  return new UserError(
    `${source} does not hold PEM revocation lists that can be read.`,
    'Only blocks of "-----BEGIN X509 CRL-----" belong there. Restore it, or sign a new one: hardening pki crl.',
  );
}

export function partialCrl(source: string): UserError {
  return new UserError(
    `${source} holds a revocation list that is not whole: it has a critical extension, as deltas and lists of only some certificates have.`,
    'Have the CA sign a complete list of all certificates that it revoked.',
  );
}

export function crlNumberOutOfRange(number: bigint): UserError {
  return new UserError(
    `A revocation list cannot have the number ${number}.`,
    'Choose a whole number from 0 to 2^159 - 1, greater than that of the list before.',
  );
}

export function authorityExpired(notAfter: Date): UserError {
  return new UserError(
    `The CA certificate ended at ${notAfter.toISOString()}, so nothing of it is accepted any more.`,
    'Renew the CA certificate first.',
  );
}
