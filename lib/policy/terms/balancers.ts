import { Unknown, type Block, type Resource, type Stack, type Value } from '../stack.ts';
import { blocksOf, itemsOf, leavesOf, numberOf, ofType, textOf } from '../values.ts';
import { parseNetwork, type Network } from '../../config/networks.ts';
import { isGone } from './firewalls.ts';

/** A port of a load balancer; `unknown` is one that cannot be read here. */
export type BalancerPort = number | 'unknown' | undefined;

/** What a load balancer passes on: a rule of its own, or the settings of a global one. */
export interface Forward {
  readonly balancer: Resource;
  readonly entry: BalancerPort;
  readonly target: BalancerPort;
}

/** Everything that load balancers forward. Rules that cannot be read are one whose ports are unknown. */
export function forwardsOf(stack: Stack): Forward[] {
  return balancersOf(stack).flatMap((balancer) =>
    ['forwarding_rule', 'glb_settings'].flatMap((name): Forward[] => {
      const given = balancer.values[name];
      const isOpaque = given instanceof Unknown || itemsOf(given).some((one) => one instanceof Unknown);
      const known = blocksOf(balancer.values, name).map((rule) => ({
        balancer,
        entry: portOf(rule['entry_port']),
        target: portOf(rule['target_port']),
      }));
      return isOpaque ? [...known, { balancer, entry: 'unknown', target: 'unknown' }] : known;
    }),
  );
}

function balancersOf(stack: Stack): Resource[] {
  return ofType(stack.resources, 'digitalocean_loadbalancer').filter((one) => !isGone(one));
}

function portOf(value: Value | undefined): BalancerPort {
  if (value === undefined || value === null) return undefined;
  return numberOf(value) ?? 'unknown';
}

/** Who reaches a load balancer, by its own list; undefined: everyone. One of a private network has nobody of the world. */
export function balancerSources({ values }: Resource):
  | {
      readonly networks: readonly Network[];
      readonly unreadable: readonly Value[];
    }
  | undefined {
  if (textOf(values['network'])?.toUpperCase() === 'INTERNAL') return { networks: [], unreadable: [] };
  const allowed = blocksOf(values, 'firewall').flatMap((block: Block) => itemsOf(block['allow']));
  if (allowed.length === 0) return undefined;
  return {
    networks: allowed.flatMap((one) => leavesOf(one)).flatMap(({ text }) => networkOf(text) ?? []),
    unreadable: allowed.filter((one) => networkOf(textOf(one)) === undefined),
  };
}

/** `ip:192.0.2.1`, `cidr:192.0.2.0/24`. */
const networkOf = (text: string | undefined): Network | undefined =>
  parseNetwork((text ?? '').trim().replace(/^(?:ip|cidr):/, ''));
