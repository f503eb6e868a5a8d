import * as z from 'zod';
import { integer } from '../values.ts';

/** Fields of a request rate, without defaults: what may be given where it overrides another. */
export const rateFields = {
  /** How many requests a second are let through on average; the rest gets 429. */
  requestsPerSecond: integer(1, 10_000, 'requests per second'),
  /** How many requests above the rate are let through at once before 429; nginx takes no burst of 0. */
  burst: integer(1, 10_000, 'requests'),
};

export const concurrentStreams = integer(1, 1_000, 'streams');

/** Limits on the inference routes. They hold beside each other: a request must fit into both. */
export const limitsSection = z.strictObject({
  /** For each source address. Runners behind one NAT address share it. */
  perAddress: z
    .strictObject({
      /** How many inference requests a second one address may make on average. By default 5. */
      requestsPerSecond: rateFields.requestsPerSecond.default(5),
      /** How many more are let through at once, without delay. By default 10. */
      burst: rateFields.burst.default(10),
    })
    .prefault({}),
  /** For each service, wherever it calls from; a service's own `rate` and `concurrentStreams` replace these. */
  perIdentity: z
    .strictObject({
      /** How many inference requests a second one service may make on average. By default 5. */
      requestsPerSecond: rateFields.requestsPerSecond.default(5),
      /** How many more are let through at once, without delay. By default 10. */
      burst: rateFields.burst.default(10),
      /** How many inference requests one service may have running at the same time. By default 8. */
      concurrentStreams: concurrentStreams.default(8),
    })
    .prefault({}),
});
