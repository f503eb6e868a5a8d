import type { CertificateRow } from '../lib/deploy/certificates.ts';
import type { StackCertificates } from '../lib/constructs/stack-certificates.ts';

/** Every certificate of a stack, for `hardening certificates`; values or expressions of terraform. */
export function certificateTable(certificates: StackCertificates): CertificateRow[] {
  const { authorities, server, health, services } = certificates;
  return [
    ...authorities.map((one) => row('ca', one.authority, one)),
    row('server', 'gateway', server),
    ...services.map((one) => ({
      ...row('client', one.service, one),
      generation: one.generation,
      is_previous: !one.isLatest,
    })),
    { ...row('client', health.service, health), generation: health.generation, is_previous: false },
  ];
}

function row(
  kind: CertificateRow['kind'],
  name: string,
  { authority, serialNumber, notAfter }: { authority: string; serialNumber: string; notAfter: string },
): CertificateRow {
  return { kind, name, authority, serial: serialNumber, not_after: notAfter };
}
