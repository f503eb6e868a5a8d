/** What a kind of certificate may do, and for how long. */
export interface CertificateProfile {
  /** What messages call it. */
  readonly name: string;
  /** BasicConstraints, always critical. `pathLength` is the number of CAs allowed below this one. */
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength?: number };
  /** KeyUsage, always critical. */
  readonly keyUsage: readonly ('digitalSignature' | 'keyCertSign' | 'cRLSign')[];
  /** ExtendedKeyUsage, never empty for a leaf: OpenSSL takes a leaf without it for every purpose. */
  readonly extendedKeyUsage: readonly ('serverAuth' | 'clientAuth')[];
  /** The longest lifetime, in days; the shortest is one day. */
  readonly maximumLifetimeDays: number;
}

/**
 * The three kinds of certificates. Keys are ECDSA P-256 and signatures ecdsa-with-SHA256; every certificate has a
 * SubjectKeyIdentifier and every leaf an AuthorityKeyIdentifier (RFC 5280, 4.2.1.1 and 4.2.1.2).
 *
 * - A leaf has digitalSignature and nothing else: TLS 1.3 with an ECDSA key needs no more (RFC 8446, 4.4.2.2).
 * - `pathLength: 0` makes an intermediate CA worthless, one made with the CA's own key included.
 * - 398 days is the limit that browsers set for servers (CA/Browser Forum BR 6.3.2); the same rules clients here.
 */
export const profiles = {
  ca: {
    name: 'CA',
    basicConstraints: { ca: true, pathLength: 0 },
    keyUsage: ['keyCertSign', 'cRLSign'],
    extendedKeyUsage: [],
    maximumLifetimeDays: 7300,
  },
  server: {
    name: 'server',
    basicConstraints: { ca: false },
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['serverAuth'],
    maximumLifetimeDays: 398,
  },
  client: {
    name: 'client',
    basicConstraints: { ca: false },
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['clientAuth'],
    maximumLifetimeDays: 398,
  },
} as const satisfies Record<string, CertificateProfile>;

/**
 * Random bytes in a certificate's serial number: 128 bits, where 64 are the least (CA/Browser Forum BR 7.1) and 20
 * octets the longest (RFC 5280, 4.1.2.2).
 */
export const serialNumberBytes = 16;

/** How far notBefore lies in the past, so that a clock a little behind accepts a new certificate at once. */
export const backdateMs = 5 * 60 * 1000;

/** The longest value of O and CN in a subject (RFC 5280, A.1). */
export const maximumAttributeLength = 64;
