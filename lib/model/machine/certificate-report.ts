import type { StackConfig } from '../../config/schema.ts';

/** What the machine says once a day of the ends of its certificates. */
export interface CertificateReport {
  /** From how many days before its end a certificate is announced. */
  readonly announceDays: number;
  /**
   * The same for a CA: earlier by the longest life of what it issues, since a certificate ends with its CA at the
   * latest, and moving to another takes a while.
   */
  readonly authorityAnnounceDays: number;
}

/** Decides the report as `hardening certificates` does. */
export function certificateReport({ pki, services }: StackConfig): CertificateReport {
  const lifetimes = Object.values(services).map(({ certificateLifetimeDays }) => certificateLifetimeDays);
  return {
    announceDays: pki.expiryNoticeDays,
    authorityAnnounceDays: pki.expiryNoticeDays + Math.max(pki.serverCertificateLifetimeDays, ...lifetimes),
  };
}
