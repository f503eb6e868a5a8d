import type { X509Certificate } from 'node:crypto';

/** The serial number of a certificate. Its decimal form is what the machine's ledger holds. */
export function serialNumberOf(certificate: X509Certificate): bigint {
  return BigInt(`0x${certificate.serialNumber}`);
}
