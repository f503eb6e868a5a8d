import { reviewReport } from '../messages/review.ts';
import { code } from '../messages/review-markdown.ts';
import { readStack } from '../policy/input/read-stack.ts';
import type { Resource, Stack } from '../policy/stack.ts';
import { preciousResources } from '../policy/terms/authorities.ts';
import type { Change, Finding } from './change.ts';

/**
 * What a plan creates, changes, replaces and destroys, by address: a plan has secrets, so that no value is shown.
 *
 * @throws UserError for a file that is no plan
 */
export function planChanges(file: string): Change[] {
  const stack = readStack(file);
  if (stack.form !== 'plan') throw reviewReport.notPlan(file);
  return findingsOf(stack).map((finding) => ({ of: file, ...finding }));
}

function findingsOf(stack: Stack): Finding[] {
  const managed = stack.resources.filter(({ isData }) => !isData);
  const precious = new Map(preciousResources(stack).map(({ resource, words }) => [resource, words]));
  const single: Finding[] = [];
  const plain = new Map<Kind, Resource[]>();
  for (const resource of managed) {
    const kind = kindOf(resource);
    if (kind === undefined) continue;
    const lost = precious.get(resource);
    const { address } = resource;
    if (lost !== undefined && (kind === 'replaced' || kind === 'destroyed' || kind === 'forgotten'))
      single.push({ mark: 'loses', text: reviewReport.planned.lost[kind](address, lost) });
    else if (decidesAccess(resource, kind))
      single.push({ mark: 'mayWiden', text: reviewReport.planned.access(kind, shown(resource, kind)) });
    else plain.set(kind, [...(plain.get(kind) ?? []), resource]);
  }
  return [
    ...single,
    ...[...plain].map(([kind, resources]): Finding => {
      const all = resources.map((resource) => shown(resource, kind)).sort();
      return { mark: 'neutral', text: reviewReport.planned.listed(kind, all) };
    }),
  ];
}

type Kind = 'created' | 'updated' | 'replaced' | 'destroyed' | 'forgotten';

function kindOf({ actions = [] }: Resource): Kind | undefined {
  if (actions.includes('create')) return actions.includes('delete') ? 'replaced' : 'created';
  if (actions.includes('delete')) return 'destroyed';
  if (actions.includes('forget')) return 'forgotten';
  return actions.includes('update') ? 'updated' : undefined;
}

/** What decides who reaches a machine: which rules there are, and on which machines they hold. */
const accessTypes =
  /^digitalocean_(?:loadbalancer|(?:reserved|floating)_ip(?:v6)?_assignment)$|firewall|security_group|secgroup|network_acl|security_list|_rules?(?:_v\d+)?$/;

/** What a rule holds for by its name: without it the rule holds for nothing. */
const tagTypes = /^digitalocean_tag$/;

/** Arguments that say which rules hold for a machine: firewalls find droplets, and others' machines, by tags and labels. */
const accessArguments: readonly (readonly [type: RegExp, name: RegExp])[] = [
  [/^(?:digitalocean|google_compute)_/, /^(?:network_)?tags$/],
  [/^hcloud_server$/, /^labels$/],
  [/^digitalocean_droplet$/, /^ipv6$/],
  [/./, /firewall|security_group|secgroup|^network_acl/],
];

function decidesAccess(resource: Resource, kind: Kind): boolean {
  const { type } = resource;
  if (kind === 'forgotten') return false;
  if (accessTypes.test(type) || (tagTypes.test(type) && kind !== 'created')) return true;
  const changed = kind === 'updated' ? changedArguments(resource) : [];
  return changed.some((name) =>
    accessArguments.some(([types, names]) => types.test(type) && names.test(name)),
  );
}

/** An address; of what is changed in place, with the names of the arguments. */
function shown(resource: Resource, kind: Kind): string {
  const address = code(resource.address);
  return kind === 'updated' ? `${address} (${changedArguments(resource).map(code).join(', ')})` : address;
}

/** The names of arguments whose values differ, or are known only at apply. */
function changedArguments({ before, values }: Resource): string[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(values)]);
  return [...names]
    .filter((name) => JSON.stringify(before?.[name] ?? null) !== JSON.stringify(values[name] ?? null))
    .sort();
}
