import { createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { Authority } from '../../lib/pki/authority.ts';
import * as x509 from '../../lib/pki/x509.ts';
import * as der from './der.ts';

/** One attribute of a subject. */
export interface Attribute {
  readonly type: string;
  readonly value: string;
  /** Default: printableString. */
  readonly encoding?: der.StringType;
}

/** A name as a list of RDNs, each of them a list of attributes: more than one makes it multi-valued. */
export type Rdns = readonly (readonly Attribute[])[];

export const oids = {
  CN: '2.5.4.3',
  serialNumber: '2.5.4.5',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  emailAddress: '1.2.840.113549.1.9.1',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  anyExtendedKeyUsage: '2.5.29.37.0',
} as const;

export function nameDer(rdns: Rdns): Buffer {
  return der.sequence(
    ...rdns.map((rdn) =>
      der.set(
        // The members of a SET OF are in ascending order (X.690, 11.6).
        ...rdn
          .map(({ type, value, encoding = 'printableString' }) =>
            der.sequence(der.objectIdentifier(type), der.text(encoding, value)),
          )
          .sort((a, b) => Buffer.compare(a, b)),
      ),
    ),
  );
}

function extension(oid: string, critical: boolean, value: Uint8Array): Buffer {
  return der.sequence(
    der.objectIdentifier(oid),
    ...(critical ? [der.boolean(true)] : []),
    der.octetString(value),
  );
}

export const extensions = {
  basicConstraints: (ca: boolean, pathLength?: number) =>
    extension(
      '2.5.29.19',
      true,
      ca
        ? der.sequence(der.boolean(true), ...(pathLength === undefined ? [] : [der.integer(pathLength)]))
        : der.sequence(),
    ),
  /** The first octet of the KeyUsage bits: 0x80 is digitalSignature, 0x04 keyCertSign, 0x02 cRLSign. */
  keyUsage: (bits: number) => extension('2.5.29.15', true, der.bitString(Buffer.from([bits]), 1)),
  extendedKeyUsage: (...usages: readonly string[]) =>
    extension('2.5.29.37', false, der.sequence(...usages.map(der.objectIdentifier))),
  authorityKeyIdentifier: (identifier: Uint8Array) =>
    extension('2.5.29.35', false, der.sequence(der.tlv(0x80, identifier))),
  subjectKeyIdentifier: (identifier: Uint8Array) =>
    extension('2.5.29.14', false, der.octetString(identifier)),
  subjectAltName: (...dnsNames: readonly string[]) =>
    extension(
      '2.5.29.17',
      false,
      der.sequence(...dnsNames.map((name) => der.tlv(0x82, Buffer.from(name, 'latin1')))),
    ),
  unknownCritical: () => extension('1.3.6.1.4.1.99999.1', true, der.nothing()),
} as const;

/** Who signs: a name, as DER, and a key. */
export interface Signer {
  readonly name: Uint8Array;
  readonly key: KeyObject;
  readonly keyIdentifier?: Uint8Array;
}

/** The kit's CA as a signer. */
export function signerOf(authority: Authority): Signer {
  const parsed = new x509.X509Certificate(new Uint8Array(authority.certificate.raw));
  const keyIdentifier = parsed.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  return {
    name: new Uint8Array(parsed.subjectName.toArrayBuffer()),
    key: authority.key,
    ...(keyIdentifier === undefined ? {} : { keyIdentifier: Buffer.from(keyIdentifier, 'hex') }),
  };
}

export interface CertificateContent {
  readonly subject: Rdns | Uint8Array;
  readonly key: KeyObject;
  readonly signer: Signer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Undefined makes a certificate of version 1. */
  readonly extensions: readonly Uint8Array[] | undefined;
  /** Default: sha256. */
  readonly digest?: 'sha1' | 'sha256';
}

const signatureAlgorithms = {
  'ec-sha256': der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2')),
  'ec-sha1': der.sequence(der.objectIdentifier('1.2.840.10045.4.1')),
  'rsa-sha256': der.sequence(der.objectIdentifier('1.2.840.113549.1.1.11'), der.nothing()),
  'rsa-sha1': der.sequence(der.objectIdentifier('1.2.840.113549.1.1.5'), der.nothing()),
} as const;

/** Builds and signs a certificate, whatever it says. Returns DER. */
export function buildCertificate(content: CertificateContent): Buffer {
  const digest = content.digest ?? 'sha256';
  const kind = content.signer.key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec';
  const algorithm = signatureAlgorithms[`${kind}-${digest}`];
  const { subject } = content;
  const toBeSigned = der.sequence(
    ...(content.extensions === undefined ? [] : [der.context(0, der.integer(2))]),
    der.integer(randomBytes(16)),
    algorithm,
    content.signer.name,
    der.sequence(der.utcTime(content.notBefore), der.utcTime(content.notAfter)),
    subject instanceof Uint8Array ? subject : nameDer(subject),
    createPublicKey(content.key).export({ format: 'der', type: 'spki' }),
    ...(content.extensions === undefined ? [] : [der.context(3, der.sequence(...content.extensions))]),
  );
  return der.sequence(toBeSigned, algorithm, der.bitString(sign(digest, toBeSigned, content.signer.key)));
}
