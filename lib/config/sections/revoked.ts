import * as z from 'zod';
import { maximumGeneration } from '../../pki/identity.ts';
import { isoDate, integer, reason, serviceName } from '../values.ts';

/** The record of certificates that were taken back before their time. A machine never lets them in again. */
export const revokedSection = z
  .array(
    z.strictObject({
      /** The service, which may have left the configuration. */
      service: serviceName,
      /** Its certificates up to this generation are refused. By default every one, for good: the name is used up. */
      generation: integer(1, maximumGeneration, 'generations').optional(),
      /** The day of the decision. */
      date: isoDate,
      /** Why, for whoever reads it later. */
      reason,
    }),
  )
  .max(10_000)
  .meta({
    allowed: 'a list of { service, generation, date, reason }',
    fix: "write for example [{ service: 'ci', generation: 1, date: '2026-11-25', reason: 'The runner was stolen.' }]",
  });
