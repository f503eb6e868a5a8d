import type { Identity } from '../pki/identity.ts';
import { UserError } from './user-error.ts';

const named = ({ service, generation }: Identity): string => `${service} ${generation}`;

/** The command that makes a request which is accepted. */
function requestCommand({ stack, service, generation }: Identity): string {
  return (
    `hardening pki request ${service} --stack ${stack} --generation ${generation} ` +
    `--key ${service}-${generation}.key --out ${service}-${generation}.csr.pem`
  );
}

const again = (identity: Identity): string =>
  `On the service's host, make it with: ${requestCommand(identity)}`;

export function malformedRequest(source: string): UserError {
  return new UserError(
    `${source} does not hold a PEM certificate signing request that can be read.`,
    'Put the request there, one block of "-----BEGIN CERTIFICATE REQUEST-----".',
  );
}

export function requestNotAlone(source: string, blocks: number): UserError {
  return new UserError(
    blocks > 1
      ? `${source} holds ${blocks} PEM blocks, and a request comes alone.`
      : `${source} holds something else than one certificate signing request.`,
    'Leave only one block of "-----BEGIN CERTIFICATE REQUEST-----" in it, without text before or after.',
  );
}

export function requestOfOtherSubject(
  source: string,
  identity: Identity,
  got: string,
  expected: string,
): UserError {
  return new UserError(
    `${source} asks for the subject ${JSON.stringify(got)}, and ${named(identity)} has ${JSON.stringify(expected)}, in this order, one attribute an RDN.`,
    again(identity),
  );
}

export function requestOfOtherStringType(source: string, identity: Identity): UserError {
  return new UserError(
    `${source} has the right names in another encoding: each has to be a PrintableString, and openssl req writes UTF8String.`,
    again(identity),
  );
}

export function requestAsksForMore(source: string, identity: Identity, what: readonly string[]): UserError {
  return new UserError(
    `${source} asks for more than an identity: ${what.join(', ')}. Usage, names and lifetime are the configuration's.`,
    again(identity),
  );
}

export function requestOfOtherKey(source: string, identity: Identity): UserError {
  return new UserError(
    `${source} has a key other than EC on the curve P-256 (named, with an uncompressed point).`,
    again(identity),
  );
}

export function requestOfOtherSignature(source: string, identity: Identity, got: string): UserError {
  return new UserError(
    `${source} is signed with ${got === '' ? 'an unknown algorithm' : got}; allowed are ECDSA with SHA-256 and with SHA-384, with nothing after the signature.`,
    again(identity),
  );
}

export function requestWrongSignature(source: string, identity: Identity): UserError {
  return new UserError(
    `${source} is not signed with the key that it wants certified, or was changed afterwards.`,
    again(identity),
  );
}

export function requestNotCanonical(source: string, identity: Identity): UserError {
  return new UserError(`${source} is not in DER, or has another version than 1.`, again(identity));
}

export function requestKeyOfAnother(one: Identity, other: Identity): UserError {
  return new UserError(
    `${named(one)} and ${named(other)} have the same key, so whoever has it could speak for both.`,
    `Give ${named(other)} a key of its own: ${requestCommand(other)}`,
  );
}
