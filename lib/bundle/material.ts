/** The certificate of a service with what belongs to it, as PEM. */
export interface IdentityMaterial {
  readonly certificate: string;
  /** Undefined where the service's host keeps it. A secret. */
  readonly key: string | undefined;
  /** Every CA that may have issued the gateway's certificate, one after the other. */
  readonly ca: string;
}
