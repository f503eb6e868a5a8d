import * as z from 'zod';
import { integer } from '../values.ts';

/** The private certificate authority. Keys are ECDSA on P-256 throughout. */
export const pkiSection = z.strictObject({
  /** How long the CA is valid. Every certificate ends with it at the latest. By default 3650 days. */
  caLifetimeDays: integer(1, 7_300, 'days').default(3_650),
  /** How long the gateway's own certificate is valid; never past the CA. By default 90 days. */
  serverCertificateLifetimeDays: integer(1, 398, 'days').default(90),
});
