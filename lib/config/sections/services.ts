import * as z from 'zod';
import { maximumGeneration } from '../../pki/identity.ts';
import { profiles } from '../../pki/profiles.ts';
import { ollamaRouteNames, routeClasses } from '../ollama-routes.ts';
import { filePath, integer, yesOrNo } from '../values.ts';
import { concurrentStreams, rateFields } from './limits.ts';

const routeOrClass = z.enum([...routeClasses, ...ollamaRouteNames]).meta({
  allowed: `'read', 'inference', or one route: ${ollamaRouteNames.map((name) => `'${name}'`).join(', ')}`,
  fix: 'name a class or a route of the list; routes that change models or the account cannot be opened',
});

/** One client of the model API, with a certificate of its own. */
export const serviceSection = z.strictObject({
  /**
   * Raise it to make every earlier certificate of the service worthless: only the certificate with exactly this number
   * is let in. By default 1.
   */
  generation: integer(1, maximumGeneration, 'generations').default(1),
  /**
   * Whether the generation before is let in as well, so that the service's host can change its certificate in between.
   * Remove it in a second change to drop the old one. By default false.
   */
  overlap: yesOrNo.default(false),
  /**
   * The service's certificate request, as PEM, beside the configuration. Its host keeps the key. Needed, and only
   * allowed, with `pki.mode` 'csr'.
   */
  csr: filePath.optional(),
  /**
   * The request of the generation before, for `overlap` with `pki.mode` 'csr'. By default the certificate that terraform
   * made for it in 'managed' mode stays.
   */
  previousCsr: filePath.optional(),
  /**
   * What the service may call: route classes (`read` shows models and versions, `inference` makes them work), single
   * routes, or both. Everything else gets 403. By default both classes.
   */
  routes: z
    .array(routeOrClass)
    .min(1)
    .max(32)
    .meta({ allowed: 'a list of route classes and routes', fix: "write for example ['read', 'inference']" })
    .default(['read', 'inference']),
  /** The service's own rate on inference routes. By default that of `limits.perIdentity`. */
  rate: z.strictObject(rateFields).optional(),
  /** How many inference requests it may have running at the same time. By default that of `limits.perIdentity`. */
  concurrentStreams: concurrentStreams.optional(),
  /** How long its certificate is valid; never past the CA. By default 90 days. */
  certificateLifetimeDays: integer(1, profiles.client.maximumLifetimeDays, 'days').default(90),
});

/** The services by name (checked by parse.ts, as `serviceName`). A service that is not here, or no longer, is refused with 401. */
export const servicesSection = z.record(z.string(), serviceSection).meta({
  allowed: 'an object with a service name for each key',
  fix: "write for example { ci: { routes: ['read', 'inference'] } }",
});
