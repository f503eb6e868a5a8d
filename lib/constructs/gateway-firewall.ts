import { Firewall } from '@cdktf/provider-digitalocean/lib/firewall/index.js';
import { Tag } from '@cdktf/provider-digitalocean/lib/tag/index.js';
import type { ITerraformDependable } from 'cdktf/lib/terraform-dependable.js';
import { Construct } from 'constructs';
import type { InboundRule, OutboundRule } from '../model/infrastructure/firewall-rules.ts';

export interface GatewayFirewallProps {
  /** Names the firewall and its tag in the account. */
  readonly name: string;
  /** Who may reach which port. What is not here is dropped before it gets to a droplet. */
  readonly inbound: readonly InboundRule[];
  /** What a droplet may reach. Without any nothing leaves it. */
  readonly outbound: readonly OutboundRule[];
}

/**
 * DigitalOcean's firewall in front of droplets. It holds for every droplet with its tag, so that it is there before
 * the droplet is: no moment is open.
 */
export class GatewayFirewall extends Construct {
  /** A droplet with this tag is behind the firewall. */
  readonly tagName: string;
  /** What a droplet must wait for. */
  readonly dependable: ITerraformDependable;

  constructor(scope: Construct, id: string, props: GatewayFirewallProps) {
    super(scope, id);
    // A plain string would race the droplet: the tag must exist first, and its name is known in the plan.
    const tag = new Tag(this, 'tag', { name: props.name });
    this.tagName = tag.name;
    this.dependable = new Firewall(this, 'firewall', {
      name: props.name,
      tags: [tag.name],
      inboundRule: props.inbound.map(({ protocol, port, sources }) => ({
        protocol,
        portRange: String(port),
        sourceAddresses: [...sources],
      })),
      outboundRule: props.outbound.map(({ protocol, port, destinations }) => ({
        protocol,
        portRange: String(port),
        destinationAddresses: [...destinations],
      })),
    });
  }
}
