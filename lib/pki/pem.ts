import * as x509 from './x509.ts';

/** The PEM form (RFC 7468), 64 characters a line. */
export function pem(label: string, der: Uint8Array): string {
  return `${x509.PemConverter.encode(new Uint8Array(der), label)}\n`;
}
