import { createHash, type X509Certificate } from 'node:crypto';
import {
  authorityProblem,
  externalFix,
  leafProblem,
  severalProblems,
  unfitFile,
} from '../messages/pki-external.ts';
import { UserError } from '../messages/user-error.ts';
import { agreedCrl, listProblems } from './crl-agreement.ts';
import { exists, pkiPaths, readPem, type PkiPaths } from './files.ts';
import { coversExactly } from './fitness.ts';
import type { Identity } from './identity.ts';
import type { IssueWanted } from './issuing.ts';
import { identityProblems, leafProblems } from './leaf-problems.ts';
import { loadAuthorityCertificate, loadCertificates } from './load.ts';
import { profiles, type CertificateProfile } from './profiles.ts';
import { readCrls } from './read-crl.ts';
import { requireDistinctKeys } from './request.ts';
import { serialNumberOf } from './serial-number.ts';
import * as x509 from './x509.ts';

/** A certificate of a folder, as data that may be printed. */
export interface PublicCertificate {
  readonly certificatePem: string;
  /** In decimal digits. */
  readonly serialNumber: string;
  /** RFC 3339. */
  readonly notAfter: string;
}

/** A CA of a folder that is trusted. */
export interface TrustedFolderAuthority extends PublicCertificate {
  /** What the machine's list of issued certificates calls it: `external-` and 8 hex digits of the SHA-256 of its DER. */
  readonly name: string;
  /** Its revocation list as PEM. Undefined where the folder has none. */
  readonly crlPem: string | undefined;
}

/** What a folder of `hardening pki` has for a stack. No private key was read. */
export interface ExternalFolder extends TrustedFolderAuthority {
  readonly crlPem: string;
  readonly server: PublicCertificate;
  readonly health: PublicCertificate;
  /** By `SERVICE-GENERATION`. */
  readonly services: ReadonlyMap<string, PublicCertificate>;
  /** The absolute path of the folder with the keys of server and health. */
  readonly secretsDirectory: string;
}

/** What a stack needs of its folder. */
export type ExternalWanted = Required<IssueWanted>;

/**
 * Reads the public parts of a folder of `hardening pki` and checks them against what a stack needs: the CA; each
 * certificate's issuer, time, key, usage, names; the revocation list's issuer, age and agreement with the configuration,
 * so that every certificate that is not let in is listed and none that is. Private keys are not read.
 *
 * @param now the time of judgement. Default: the system's clock.
 * @throws {UserError} with everything that is wrong, each with the command that puts it right.
 */
export function readExternalPki(directory: string, wanted: ExternalWanted, now = new Date()): ExternalFolder {
  const paths = pkiPaths(directory);
  const authority = loadAuthorityCertificate(paths.ca.certificate);
  const problems = [authorityProblems(paths, authority, wanted.stack, now)];
  const issue = externalFix.issue(directory, wanted.stack);
  const leaf = (one: LeafWanted): X509Certificate | undefined => {
    const found = exists(one.path) ? loadCertificates(one.path)[0] : undefined;
    problems.push(leafError(one, found, authority, now, issue));
    return found;
  };
  const server = leaf(serverWanted(paths, wanted));
  const health = leaf(clientWanted(paths, wanted.health));
  const services = wanted.clients.map((client) => ({
    identity: client.identity,
    certificate: leaf(clientWanted(paths, client)),
  }));
  const leaves = [server, health, ...services.map(({ certificate }) => certificate)].filter(isThere);
  problems.push(keyError([...services, { identity: wanted.health.identity, certificate: health }]));
  const crl = agreedCrl(paths, directory, wanted, { authority, leaves, now });
  problems.push(...crl.problems);
  throwAll(problems.filter(isThere));
  if (server === undefined || health === undefined || crl.pem === undefined)
    throw new RangeError('unreachable');
  return {
    ...publicParts(authority),
    name: authorityName(authority),
    crlPem: crl.pem,
    server: publicParts(server),
    health: publicParts(health),
    services: new Map(
      services.flatMap(({ identity, certificate }) =>
        certificate === undefined
          ? []
          : [[`${identity.service}-${identity.generation}`, publicParts(certificate)] as const],
      ),
    ),
    secretsDirectory: paths.secrets,
  };
}

/**
 * Reads a CA that is trusted beside the one that issues: certs/ca.crt, and certs/ca.crl if it is there.
 *
 * @throws {UserError} for a certificate that is no CA's or has ended, and for a list that is not this CA's or has ended.
 */
export function readTrustedAuthority(directory: string, now = new Date()): TrustedFolderAuthority {
  const paths = pkiPaths(directory);
  const authority = loadAuthorityCertificate(paths.ca.certificate);
  const crl = exists(paths.crl) ? readCrls(readPem(paths.crl, false), paths.crl) : undefined;
  const crlProblems = crl === undefined ? [] : listProblems(crl, authority, now);
  throwAll(
    [
      authorityProblems(paths, authority, undefined, now),
      crlProblems.length === 0
        ? undefined
        : unfitFile(paths.crl, crlProblems, `Run: hardening pki crl --dir ${directory}`),
    ].filter(isThere),
  );
  return { ...publicParts(authority), name: authorityName(authority), crlPem: crl?.[0]?.pem };
}

/** What the machine's list of issued certificates calls a CA of a folder. */
export function authorityName(authority: X509Certificate): string {
  return `external-${createHash('sha256').update(authority.raw).digest('hex').slice(0, 8)}`;
}

function isThere<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}

function throwAll(problems: readonly UserError[]): void {
  const [first, ...others] = problems;
  if (first !== undefined) throw others.length === 0 ? first : severalProblems(problems);
}

function publicParts(certificate: X509Certificate): PublicCertificate {
  return {
    certificatePem: certificate.toString(),
    serialNumber: String(serialNumberOf(certificate)),
    notAfter: new Date(certificate.validTo).toISOString().replace('.000Z', 'Z'),
  };
}

function authorityProblems(
  paths: PkiPaths,
  authority: X509Certificate,
  stack: string | undefined,
  now: Date,
): UserError | undefined {
  const usage = new x509.X509Certificate(new Uint8Array(authority.raw)).getExtension(x509.KeyUsagesExtension);
  const mayListRevoked = usage === null || (usage.usages & x509.KeyUsageFlags.cRLSign) !== 0;
  const checks: [boolean, string][] = [
    [now >= new Date(authority.validFrom), authorityProblem.notBegun(authority.validFrom)],
    [now <= new Date(authority.validTo), authorityProblem.ended(authority.validTo)],
    [
      stack === undefined || authority.subject.split('\n')[0] === `O=${stack}`,
      authorityProblem.otherOrganization(stack ?? ''),
    ],
    [mayListRevoked, authorityProblem.noCrlSign],
    [authority.checkIssued(authority) && authority.verify(authority.publicKey), authorityProblem.notItsOwn],
  ];
  const found = checks.flatMap(([holds, problem]) => (holds ? [] : [problem]));
  return found.length === 0 ? undefined : unfitFile(paths.ca.certificate, found, externalFix.newAuthority);
}

interface LeafWanted {
  readonly path: string;
  readonly profile: CertificateProfile;
  readonly lifetimeDays: number;
  readonly nameProblems: (certificate: X509Certificate) => string[];
}

function serverWanted(paths: PkiPaths, { stack, server }: ExternalWanted): LeafWanted {
  return {
    path: paths.server.certificate,
    profile: profiles.server,
    lifetimeDays: server.lifetimeDays,
    nameProblems: (certificate) => [
      ...(certificate.subject.split('\n')[0] === `O=${stack}`
        ? []
        : [leafProblem.otherOrganization(certificate.subject, stack)]),
      ...(coversExactly(certificate, server.serverNames, server.addresses)
        ? []
        : [
            leafProblem.otherNames(certificate.subjectAltName ?? '', [
              ...server.serverNames,
              ...server.addresses,
            ]),
          ]),
    ],
  };
}

function clientWanted(paths: PkiPaths, client: ExternalWanted['health']): LeafWanted {
  return {
    path: paths.client(client.identity).certificate,
    profile: profiles.client,
    lifetimeDays: client.lifetimeDays,
    nameProblems: (certificate) => identityProblems(certificate, client.identity),
  };
}

function leafError(
  { path, profile, lifetimeDays, nameProblems }: LeafWanted,
  certificate: X509Certificate | undefined,
  authority: X509Certificate,
  now: Date,
  fix: string,
): UserError | undefined {
  const found =
    certificate === undefined
      ? [leafProblem.missing]
      : [...leafProblems(certificate, profile, authority, now, lifetimeDays), ...nameProblems(certificate)];
  return found.length === 0 ? undefined : unfitFile(path, found, fix);
}

function keyError(
  clients: readonly { readonly identity: Identity; readonly certificate: X509Certificate | undefined }[],
): UserError | undefined {
  try {
    requireDistinctKeys(
      clients.flatMap(({ identity, certificate }) =>
        certificate === undefined ? [] : [{ identity, publicKey: certificate.publicKey }],
      ),
    );
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}
