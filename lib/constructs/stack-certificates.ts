/** Where a private key comes from when a release is brought: an expression of terraform, or a file of the operator's. */
export type PrivateKeySource = { readonly content: string } | { readonly file: string };

/** A certificate as PEM, and where its key comes from. */
export interface ReleasePair {
  readonly certificatePem: string;
  readonly privateKey: PrivateKeySource;
}

/** What is known of an issued certificate, as values or expressions of terraform. Nothing of it is secret. */
export interface CertificateFacts {
  /** What the machine's list of issued certificates calls the CA: a generation, or the name of an external one. */
  readonly authority: string;
  /** In decimal digits. */
  readonly serialNumber: string;
  /** RFC 3339. */
  readonly notAfter: string;
}

/** The certificate of a service. */
export interface ClientCertificate extends CertificateFacts {
  readonly service: string;
  readonly generation: number;
  /** False for the one that another takes over from. */
  readonly isLatest: boolean;
  readonly certificatePem: string;
  /** Undefined where terraform does not have it. */
  readonly privateKeyPem: string | undefined;
}

/** A CA whose key terraform has. */
export interface CrlSigner {
  readonly name: string;
  readonly certificatePem: string;
  /** Sensitive to terraform. */
  readonly privateKeyPem: string;
}

/** The CRLs of all trusted CAs: those to sign while a release is brought, and those that are there, as PEM. */
export interface CrlSources {
  readonly signers: readonly CrlSigner[];
  readonly given: string;
}

/** All that a release of a stack needs of certificates, whoever issued them. */
export interface StackCertificates {
  /** The trusted CAs as PEM, the one that issues first. */
  readonly authoritiesPem: string;
  readonly authorities: readonly CertificateFacts[];
  readonly server: ReleasePair & CertificateFacts;
  readonly health: ReleasePair & CertificateFacts & { readonly service: string; readonly generation: number };
  readonly services: readonly ClientCertificate[];
  readonly crls: CrlSources;
}

/** The lines of a release's `issued`: every client certificate that belongs to it. */
export function issuedLines({ health, services }: StackCertificates): string {
  return [...services, health]
    .map(
      ({ authority, serialNumber, service, generation, notAfter }) =>
        `${authority} ${serialNumber} ${service} ${generation} ${notAfter}\n`,
    )
    .join('');
}
