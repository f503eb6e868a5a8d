/** A CA of a folder, which is trusted beside the one that issues. */
export interface TrustedAuthority {
  /** What the machine's list of issued certificates calls it. */
  readonly name: string;
  readonly certificatePem: string;
  /** Undefined where the machine has a CRL of it already. */
  readonly crlPem: string | undefined;
  /** In decimal digits. */
  readonly serialNumber: string;
  /** RFC 3339. */
  readonly notAfter: string;
}

/** A certificate of a folder. */
export interface ExternalCertificate {
  readonly certificatePem: string;
  /** In decimal digits. */
  readonly serialNumber: string;
  /** RFC 3339. */
  readonly notAfter: string;
}

/** What a folder of `hardening pki` has for a stack. No private key is in it. */
export interface ExternalPki extends TrustedAuthority {
  readonly crlPem: string;
  readonly server: ExternalCertificate;
  readonly health: ExternalCertificate;
  /** By `SERVICE-GENERATION`. */
  readonly services: ReadonlyMap<string, ExternalCertificate>;
  /**
   * The folder of the keys of server and health when terraform runs, seen from where it runs, or an expression of
   * terraform that gives it.
   */
  readonly secretsDirectory: string;
}

/** What was read from files beside the configuration, and checked: all of it is public. */
export interface PublicParts {
  /** Certificate requests as PEM, by their paths in the configuration. */
  readonly requests: ReadonlyMap<string, string>;
  /** The folder of the CA that issues, in mode 'external'. */
  readonly external: ExternalPki | undefined;
  /** The CAs of further folders. */
  readonly trusted: readonly TrustedAuthority[];
}

/** For a stack that names no files. */
export const noPublicParts: PublicParts = { requests: new Map(), external: undefined, trusted: [] };
