import * as z from 'zod';
import { profiles } from '../../pki/profiles.ts';
import { filePath, integer, oneOf } from '../values.ts';

/** The largest number of a CA: more changes of it than a stack sees in its life. */
const maximumCaGeneration = 1_000;

/** The private certificate authority. Keys are ECDSA on P-256 throughout. */
export const pkiSection = z.strictObject({
  /**
   * Who holds the keys. 'managed': terraform makes them all, and its state has them. 'csr': a service's host keeps its
   * key and hands in a request; the CA is terraform's. 'external': the CA is a folder that `hardening pki` keeps, and
   * terraform's state has no private key. By default 'managed'.
   */
  mode: oneOf(['managed', 'csr', 'external']).default('managed'),
  /** The folder of `hardening pki`, for `mode` 'external' alone. Its secrets/ stay out of the repository. */
  directory: filePath.optional(),
  /** Which of terraform's CAs issues. Another number is another CA. By default 1. */
  caGeneration: integer(1, maximumCaGeneration, 'generations').default(1),
  /**
   * Others of terraform's CAs that are trusted meanwhile: the next one before it issues, or the last one until every
   * service has moved. By default none.
   */
  alsoTrustedCaGenerations: z
    .array(integer(1, maximumCaGeneration, 'generations'))
    .max(3)
    .meta({ allowed: 'a list of at most 3 generations of the CA', fix: 'write for example [2]' })
    .default([]),
  /** Folders of further CAs that are trusted meanwhile: of each certs/ca.crt and certs/ca.crl are used. By default none. */
  alsoTrustedDirectories: z
    .array(filePath)
    .max(3)
    .meta({ allowed: 'a list of at most 3 folders', fix: "write for example ['pki-next']" })
    .default([]),
  /** How long the CA is valid. Every certificate ends with it at the latest. By default 3650 days. */
  caLifetimeDays: integer(1, profiles.ca.maximumLifetimeDays, 'days').default(3_650),
  /** How long the gateway's own certificate is valid; never past the CA. By default 90 days. */
  serverCertificateLifetimeDays: integer(1, profiles.server.maximumLifetimeDays, 'days').default(90),
  /** From how many days before its end a certificate is announced, on the machine and by `hardening certificates`. By default 30. */
  expiryNoticeDays: integer(1, 365, 'days').default(30),
});
