import * as z from 'zod';
import { cidr } from '../values.ts';

/** Who reaches the gateway's ports, for the machine's own firewall and DigitalOcean's. Ollama's port is in no rule. */
export const firewallSection = z.strictObject({
  /** The networks that may reach the gateway; write 0.0.0.0/0 and ::/0 for everybody. By default nobody. */
  gatewaySources: z
    .array(cidr)
    .max(256)
    .meta({ allowed: 'a list of networks', fix: "write for example ['198.51.100.0/24', '2001:db8::/32']" })
    .default([]),
});
