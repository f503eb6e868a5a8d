import * as z from 'zod';
import { cidr, reason, sshUserKey, unixUser } from '../values.ts';

/** How administrators reach the machine. */
export const sshSection = z.strictObject({
  /** The administrators' user on a new droplet, with sudo. By default hardening-admin. */
  adminUser: unixUser.default('hardening-admin'),
  /**
   * The administrators' public keys by name (checked by parse.ts, as `adminName`). One who joins or leaves is a
   * release. On a droplet at least one is needed from the start, and these are the only ones; on an existing host they
   * are let in as `target.host.user`, beside the keys that this user has. By default none.
   */
  adminKeys: z
    .record(z.string(), sshUserKey)
    .meta({
      allowed: 'an object with a name for each key',
      fix: "write for example { alice: 'ssh-ed25519 AAAA…' }",
    })
    .default({}),
  /** The networks that may reach SSH. By default none: a deployment must name the one that it comes from. */
  sources: z
    .array(cidr)
    .max(64)
    .meta({ allowed: 'a list of networks', fix: "write for example ['192.0.2.10/32']" })
    .default([]),
  /** Why SSH may be reached from everywhere. Only needed, and only allowed, where `sources`, private networks aside, are more than a /8 of IPv4 or a /16 of IPv6. */
  everywhereReason: reason.optional(),
});
