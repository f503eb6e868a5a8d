import * as z from 'zod';
import { cidr, oneOf, port, reason, unixUser } from '../values.ts';

/** A port of another service of the same machine. */
const inboundPort = z.strictObject({
  /** The port. Never one of Ollama's, and none that another field opens. */
  port,
  /** By default tcp. */
  protocol: oneOf(['tcp', 'udp']).default('tcp'),
  /** The networks that may reach it. No default. */
  sources: z
    .array(cidr)
    .min(1)
    .max(64)
    .meta({ allowed: 'a list of 1 to 64 networks', fix: "write for example ['198.51.100.0/24']" }),
  /** What listens there, and why it is reached past the gateway. */
  reason,
});

/** Who reaches the machine, for its own packet filter and DigitalOcean's. Ollama's port is in no rule. */
export const firewallSection = z.strictObject({
  /** The networks that may reach the gateway; write 0.0.0.0/0 and ::/0 for everybody. By default nobody. */
  gatewaySources: z
    .array(cidr)
    .max(256)
    .meta({ allowed: 'a list of networks', fix: "write for example ['198.51.100.0/24', '2001:db8::/32']" })
    .default([]),
  /** Ports of other services of the machine, which the packet filter would cut off. By default none. */
  additionalInbound: z
    .array(inboundPort)
    .max(32)
    .meta({
      allowed: 'a list of at most 32 ports',
      fix: "write for example [{ port: 9100, sources: ['192.0.2.5/32'], reason: '…' }]",
    })
    .default([]),
  /**
   * Users of other services of the machine that may call out, to any address and port but the cloud's metadata service.
   * One that the machine does not have is passed over. By default none.
   */
  outboundUsers: z
    .array(unixUser)
    .max(32)
    .meta({ allowed: 'a list of at most 32 user names', fix: "write for example ['postgres']" })
    .default([]),
});
