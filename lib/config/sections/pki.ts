import * as z from 'zod';
import { profiles } from '../../pki/profiles.ts';
import { integer } from '../values.ts';

/** The private certificate authority. Keys are ECDSA on P-256 throughout. */
export const pkiSection = z.strictObject({
  /** How long the CA is valid. Every certificate ends with it at the latest. By default 3650 days. */
  caLifetimeDays: integer(1, profiles.ca.maximumLifetimeDays, 'days').default(3_650),
  /** How long the gateway's own certificate is valid; never past the CA. By default 90 days. */
  serverCertificateLifetimeDays: integer(1, profiles.server.maximumLifetimeDays, 'days').default(90),
});
