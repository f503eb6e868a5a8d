import { Fn } from 'cdktf/lib/terraform-functions.js';
import type { CertificateProfile } from '../pki/profiles.ts';

/** Every key is on P-256. The provider's own default for ECDSA is P-224, which browsers and nginx do not take. */
export const keySettings = { algorithm: 'ECDSA', ecdsaCurve: 'P256' } as const;

const useNames = {
  digitalSignature: 'digital_signature',
  keyCertSign: 'cert_signing',
  cRLSign: 'crl_signing',
  serverAuth: 'server_auth',
  clientAuth: 'client_auth',
} as const;

/** What a certificate may be used for, in the provider's words. */
export function allowedUses({ keyUsage, extendedKeyUsage }: CertificateProfile): string[] {
  return [...keyUsage, ...extendedKeyUsage].map((use) => useNames[use]);
}

/** A time of the provider, which has fractions of a second that no certificate has. */
export function wholeSeconds(time: string): string {
  return Fn.formatdate("YYYY-MM-DD'T'hh:mm:ssZ", time);
}
