import { randomBytes, X509Certificate as ParsedCertificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { authorityNotYetValid, lifetimeOutOfRange, outlivesAuthority } from '../messages/pki.ts';
import { requireIdentity, type Identity } from './identity.ts';
import { authorityKeyIdentifier } from './key-identifier.ts';
import { generateKey, isP256, publicKeyDer, signingKey } from './keys.ts';
import {
  backdateMs,
  maximumAttributeLength,
  profiles,
  serialNumberBytes,
  type CertificateProfile,
} from './profiles.ts';
import * as x509 from './x509.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** A CA that can issue: its certificate and its private key. */
export interface Authority {
  readonly certificate: ParsedCertificate;
  /** The private key. A KeyObject prints without its content. */
  readonly key: KeyObject;
}

/** What every certificate needs. */
interface Issuance {
  /** From 1 to the profile's maximum, counted from notBefore. */
  readonly lifetimeDays: number;
  /** The time of issue; notBefore lies five minutes before it. */
  readonly now: Date;
}

export interface AuthorityRequest extends Issuance {
  /** Of the CA itself; 1 to 64 characters of a PrintableString. */
  readonly commonName: string;
  readonly organization: string;
  /** The CA's private key, P-256. Default: a new one is made. */
  readonly key?: KeyObject;
}

export interface ServerRequest extends Issuance {
  /** DNS names, in lower case and without wildcards; at least one name or address. */
  readonly serverNames: readonly string[];
  /** IPv4 and IPv6 addresses. */
  readonly addresses: readonly string[];
  readonly organization: string;
  /** The key to certify, P-256. */
  readonly publicKey: KeyObject;
}

export interface ClientRequest extends Issuance {
  readonly identity: Identity;
  /** The key to certify, P-256. */
  readonly publicKey: KeyObject;
}

/**
 * Makes a self-signed CA certificate, and its key unless one is given (to renew a CA: what the old certificate
 * issued stays valid under the new one as long as key, name and organisation stay the same).
 *
 * @throws {UserError} for a lifetime out of range.
 * @throws {RangeError} for a name that is not a PrintableString of 1 to 64 characters.
 */
export async function createAuthority(request: AuthorityRequest): Promise<Authority> {
  const key = request.key ?? (await generateKey());
  const { notBefore, notAfter } = validity(profiles.ca, request);
  const subject = subjectName([
    ['O', request.organization],
    ['CN', request.commonName],
  ]);
  const pem = await sign(profiles.ca, {
    publicKey: key,
    signer: { key, name: subject, keyIdentifier: undefined },
    subject,
    notBefore,
    notAfter,
  });
  return { certificate: new ParsedCertificate(pem), key };
}

/**
 * Issues the gateway's certificate and returns it as PEM. Its names are in subjectAltName alone, where clients look
 * (RFC 9525); CN repeats the first name for people, if it fits.
 *
 * @throws {UserError} for a lifetime out of range, or beyond the CA's.
 * @throws {RangeError} for a name or address that is none, for no name at all, and for a key other than P-256.
 */
export async function issueServer(authority: Authority, request: ServerRequest): Promise<string> {
  const names: x509.JsonGeneralNames = [
    ...request.serverNames.map((value) => ({ type: 'dns' as const, value: requireDnsName(value) })),
    ...request.addresses.map((value) => ({ type: 'ip' as const, value: requireAddress(value) })),
  ];
  if (names.length === 0) throw new RangeError('a server certificate needs at least one name or address');
  const commonName = request.serverNames.find((name) => name.length <= maximumAttributeLength);
  return await issue(authority, profiles.server, request, {
    subject: subjectName([
      ['O', request.organization],
      ...(commonName === undefined ? [] : [['CN', commonName] as const]),
    ]),
    extension: new x509.SubjectAlternativeNameExtension(names, false),
  });
}

/**
 * Issues a service's certificate and returns it as PEM. Its subject is O, CN, serialNumber in that order, so that
 * {@link distinguishedName} is what nginx sees. Nothing else in it names anyone: no subjectAltName.
 *
 * @throws {UserError} for a lifetime out of range, or beyond the CA's.
 * @throws {RangeError} for an identity that may not be in a certificate, and for a key other than P-256.
 */
export async function issueClient(authority: Authority, request: ClientRequest): Promise<string> {
  const { stack, service, generation } = requireIdentity(request.identity);
  return await issue(authority, profiles.client, request, {
    subject: subjectName([
      ['O', stack],
      ['CN', service],
      ['2.5.4.5', String(generation)],
    ]),
  });
}

/** The longest lifetime, in whole days, of a leaf issued now that ends with its CA; zero or less if there is none. */
export function longestLifetimeDays(authority: Authority, now: Date): number {
  const { notBefore } = period(1, now, new Date(authority.certificate.validFrom));
  const lastMs = Date.parse(authority.certificate.validTo) + 1000;
  return Math.floor((lastMs - notBefore.getTime()) / dayMs);
}

/** True if a leaf of this lifetime can be issued now. */
export function canIssueFor(authority: Authority, lifetimeDays: number, now: Date): boolean {
  const begun = now >= new Date(authority.certificate.validFrom);
  return begun && lifetimeDays <= longestLifetimeDays(authority, now);
}

async function issue(
  authority: Authority,
  profile: CertificateProfile,
  request: Issuance & { readonly publicKey: KeyObject },
  content: { readonly subject: x509.Name; readonly extension?: x509.Extension },
): Promise<string> {
  const authorityNotBefore = new Date(authority.certificate.validFrom);
  if (request.now < authorityNotBefore) throw authorityNotYetValid(authorityNotBefore);
  const { notBefore, notAfter } = validity(profile, request, authorityNotBefore);
  const longest = longestLifetimeDays(authority, request.now);
  if (request.lifetimeDays > longest) throw outlivesAuthority(profile.name, request.lifetimeDays, longest);
  const issuer = new x509.X509Certificate(new Uint8Array(authority.certificate.raw));
  return await sign(profile, {
    publicKey: request.publicKey,
    signer: {
      key: authority.key,
      name: issuer.subjectName,
      keyIdentifier: await authorityKeyIdentifier(issuer),
    },
    subject: content.subject,
    notBefore,
    notAfter,
    ...(content.extension === undefined ? {} : { extension: content.extension }),
  });
}

interface Content {
  readonly publicKey: KeyObject;
  readonly signer: {
    readonly key: KeyObject;
    readonly name: x509.Name;
    /** Undefined for the CA itself. */
    readonly keyIdentifier: x509.Extension | undefined;
  };
  readonly subject: x509.Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extension?: x509.Extension;
}

async function sign(profile: CertificateProfile, content: Content): Promise<string> {
  if (!isP256(content.publicKey)) throw new RangeError('only keys on the curve P-256 are certified');
  const publicKey = new x509.PublicKey(publicKeyDer(content.publicKey));
  const { ca, pathLength } = profile.basicConstraints;
  const keyUsage = profile.keyUsage.reduce((flags, name) => flags | x509.KeyUsageFlags[name], 0);
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(ca, pathLength, true),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- a set of flags is no single member
    new x509.KeyUsagesExtension(keyUsage, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
  if (profile.extendedKeyUsage.length > 0) {
    const usages = profile.extendedKeyUsage.map((name) => x509.ExtendedKeyUsage[name]);
    extensions.push(new x509.ExtendedKeyUsageExtension(usages, false));
  }
  if (content.signer.keyIdentifier !== undefined) extensions.push(content.signer.keyIdentifier);
  if (content.extension !== undefined) extensions.push(content.extension);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: content.subject,
    issuer: content.signer.name,
    notBefore: content.notBefore,
    notAfter: content.notAfter,
    publicKey,
    signingKey: await signingKey(content.signer.key),
    signingAlgorithm: {
      name: content.signer.key.asymmetricKeyType === 'rsa' ? 'RSASSA-PKCS1-v1_5' : 'ECDSA',
      hash: 'SHA-256',
    },
    extensions,
  });
  return `${certificate.toString('pem')}\n`;
}

/**
 * A positive random serial number, as hexadecimal digits. The library adds the leading zero octet that keeps the
 * INTEGER positive.
 */
function serialNumber(): string {
  for (;;) {
    const bytes = randomBytes(serialNumberBytes);
    if (bytes.some((byte) => byte !== 0)) return bytes.toString('hex');
  }
}

/** The period of a certificate whose lifetime the profile allows. */
function validity(profile: CertificateProfile, { lifetimeDays, now }: Issuance, earliest?: Date): Period {
  if (!Number.isInteger(lifetimeDays) || lifetimeDays < 1 || lifetimeDays > profile.maximumLifetimeDays) {
    throw lifetimeOutOfRange(profile.name, lifetimeDays, profile.maximumLifetimeDays);
  }
  return period(lifetimeDays, now, earliest);
}

interface Period {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * A period in whole seconds that began five minutes before `now`, though not before `earliest`. The lifetime counts
 * from notBefore and both ends belong to it (RFC 5280, 4.1.2.5), so nothing lives longer than its days say.
 */
function period(lifetimeDays: number, now: Date, earliest?: Date): Period {
  const start = Math.max(now.getTime() - backdateMs, earliest?.getTime() ?? -Infinity);
  const notBefore = Math.floor(start / 1000) * 1000;
  return { notBefore: new Date(notBefore), notAfter: new Date(notBefore + lifetimeDays * dayMs - 1000) };
}

/** A subject of one attribute per RDN, each a PrintableString (RFC 5280, A.1 demands it for serialNumber). */
function subjectName(attributes: readonly (readonly [type: string, value: string])[]): x509.Name {
  const rdns: x509.JsonNameParams = attributes.map(([type, value]) => {
    if (
      !/^[A-Za-z0-9 '()+,./:=?-]*$/.test(value) ||
      value.length < 1 ||
      value.length > maximumAttributeLength
    ) {
      throw new RangeError(
        `a subject's ${type} must be a PrintableString of 1 to ${maximumAttributeLength} characters, ` +
          `got ${JSON.stringify(value)}`,
      );
    }
    return { [type]: [{ printableString: value }] };
  });
  return new x509.Name(rdns);
}

function requireDnsName(name: string): string {
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
  if (name.length > 253 || !new RegExp(`^${label}(\\.${label})*$`).test(name)) {
    throw new RangeError(`a server name must be a DNS name in lower case, got ${JSON.stringify(name)}`);
  }
  return name;
}

function requireAddress(address: string): string {
  // A zone such as fe80::1%eth0 has no place in a certificate.
  if (isIP(address) === 0 || address.includes('%')) {
    throw new RangeError(`an address must be IPv4 or IPv6, got ${JSON.stringify(address)}`);
  }
  return address;
}
