import { Unknown, type Block, type Resource, type Stack, type Value } from '../stack.ts';
import { addressOf, blocksOf, itemsOf, leavesOf, ofType, textOf, withoutIndexes } from '../values.ts';
import { loopbackNetworks, parseNetwork, unionWithout, type Network } from '../../config/networks.ts';
import { parsePortRanges, type PortRange } from './ports.ts';

export interface InboundRule {
  readonly firewall: Resource;
  readonly protocol: string;
  /** Undefined: not known. */
  readonly ports: readonly PortRange[] | undefined;
  readonly portText: string;
  readonly networks: readonly Network[];
  /** Sources that are machines: tags, droplets, load balancers, clusters. */
  readonly machines: readonly string[];
  /** Addresses that are not known, or are none. */
  readonly unreadable: readonly Value[];
}

const machineSources = [
  'source_tags',
  'source_droplet_ids',
  'source_load_balancer_uids',
  'source_kubernetes_ids',
];

/** The rules of all firewalls that let TCP or UDP in; ICMP has no ports. */
export function inboundRules(stack: Stack): InboundRule[] {
  return ofType(stack.resources, 'digitalocean_firewall').flatMap((firewall) => {
    if (isGone(firewall)) return [];
    const given = firewall.values['inbound_rule'];
    const opaque = given instanceof Unknown || itemsOf(given).some((one) => one instanceof Unknown);
    const rules = blocksOf(firewall.values, 'inbound_rule').map((rule) => inboundRule(firewall, rule));
    const hidden = opaque
      ? [inboundRule(firewall, { port_range: given ?? null, source_addresses: given ?? null })]
      : [];
    return [...rules, ...hidden].filter(({ protocol }) => protocol !== 'icmp');
  });
}

function inboundRule(firewall: Resource, rule: Block): InboundRule {
  const addresses = itemsOf(rule['source_addresses']).flatMap((one) => itemsOf(one));
  const networks = addresses.map((address) => parseNetwork(textOf(address) ?? ''));
  const machines = machineSources.flatMap((name) =>
    leavesOf(rule[name]).map((leaf) => leaf.reference ?? leaf.text ?? ''),
  );
  return {
    firewall,
    protocol: textOf(rule['protocol'])?.toLowerCase() ?? 'tcp',
    ports: parsePortRanges(rule['port_range']),
    portText: textOf(rule['port_range']) ?? (rule['port_range'] instanceof Unknown ? 'not known' : 'all'),
    // What is known within a value that is not, such as concat(["0.0.0.0/0"], var.more), counts.
    networks: leavesOf(rule['source_addresses'])
      .map(({ text }) => parseNetwork(text ?? ''))
      .filter((network) => network !== undefined),
    machines: machines.filter((machine) => machine !== ''),
    unreadable: addresses.filter((_, index) => networks[index] === undefined),
  };
}

/** Whether anyone but the machine itself gets in by a rule: one without sources lets nobody in. */
export function letsAnyoneIn({ networks, machines, unreadable }: InboundRule): boolean {
  return machines.length > 0 || unreadable.length > 0 || unionWithout(networks, loopbackNetworks).length > 0;
}

/** Who gets in by a rule, in words. */
export function sourceWords(rule: InboundRule): string {
  const written = blocksOf(rule.firewall.values, 'inbound_rule')
    .filter((block) => (textOf(block['port_range']) ?? 'all') === rule.portText)
    .flatMap((block) =>
      itemsOf(block['source_addresses']).map((one) => textOf(one) ?? 'addresses that are not known'),
    );
  const sources = [...new Set([...written, ...rule.machines])];
  return sources.length === 0 ? 'sources that are not known' : sources.slice(0, 4).join(', ');
}

/** A machine that firewalls hold for. */
export interface Droplet {
  readonly resource: Resource;
  /** The droplet's own arguments: those of the template, for a pool. */
  readonly values: Block;
  /** Where they stand: the argument itself, or the template's block. */
  readonly argument: (name: string) => string;
}

/** Droplets, and the template of a pool of them. */
export function dropletsOf(stack: Stack): Droplet[] {
  return ofType(stack.resources, 'digitalocean_droplet', 'digitalocean_droplet_autoscale')
    .filter((resource) => !isGone(resource))
    .flatMap((resource): Droplet[] =>
      resource.type === 'digitalocean_droplet'
        ? [{ resource, values: resource.values, argument: (name) => name }]
        : blocksOf(resource.values, 'droplet_template').map((values) => ({
            resource,
            values,
            argument: () => 'droplet_template',
          })),
    );
}

/** Whether a plan leaves nothing of it. */
export function isGone({ actions }: Resource): boolean {
  return actions?.length === 1 && (actions[0] === 'delete' || actions[0] === 'forget');
}

/** How a firewall holds for a droplet; undefined: it does not. */
export type Attachment = 'tag' | 'id' | undefined;

export function attachment(stack: Stack, firewall: Resource, droplet: Droplet): Attachment {
  const own = tagKeys(stack, droplet.values['tags']);
  if (tagKeys(stack, firewall.values['tags']).some((tag) => own.includes(tag))) return 'tag';
  const base = withoutIndexes(droplet.resource.address);
  const id = textOf(droplet.resource.values['id']);
  const isNamed = leavesOf(firewall.values['droplet_ids']).some(
    ({ reference, text }) =>
      (reference !== undefined && addressOf(reference) === base) || (text !== undefined && text === id),
  );
  // A plan may know the id, and still shows what the configuration refers to.
  return isNamed || firewall.references('droplet_ids').some((one) => addressOf(one) === base)
    ? 'id'
    : undefined;
}

/** Firewalls that hold for a droplet. */
export function firewallsOf(stack: Stack, droplet: Droplet): Resource[] {
  return ofType(stack.resources, 'digitalocean_firewall').filter(
    (firewall) => !isGone(firewall) && attachment(stack, firewall, droplet) !== undefined,
  );
}

/** Tags in one form, whether they are written or refer to a tag's resource. */
function tagKeys(stack: Stack, tags: Value | undefined): string[] {
  return leavesOf(tags).flatMap(({ text, reference }) => {
    if (text !== undefined) return [`name ${text.toLowerCase()}`];
    if (reference === undefined) return [];
    const address = addressOf(reference);
    const tag = stack.resources.find((one) => withoutIndexes(one.address) === address);
    const name = textOf(tag?.values['name']);
    return name === undefined ? [`reference ${address}`] : [`name ${name.toLowerCase()}`];
  });
}

/** Whether terraform makes a resource after another one, by reference or by depends_on, however far. */
export function isMadeAfter(stack: Stack, later: Resource, earlier: Resource): boolean {
  const goal = withoutIndexes(earlier.address);
  const byAddress = new Map<string, Resource>();
  for (const one of stack.resources) byAddress.set(withoutIndexes(one.address), one);
  const seen = new Set<string>();
  const open = [...later.dependencies];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === goal) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(byAddress.get(next)?.dependencies ?? []));
  }
  return false;
}
