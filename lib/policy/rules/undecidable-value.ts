import type { Rule, RuleFinding } from '../rule.ts';
import { Unknown, type Stack, type Value } from '../stack.ts';
import { balancerSources, forwardsOf } from '../terms/balancers.ts';
import { certificatesOf } from '../terms/certificates.ts';
import { isSecretFile, readFileOf } from '../terms/read-files.ts';
import { userDataOf } from '../terms/user-data.ts';
import { dropletsOf, inboundRules } from '../terms/firewalls.ts';
import { leavesOf, numberOf, ofType } from '../values.ts';

/** Files whose content goes where no secret may be: one with a telling name is a finding of another rule. */
function readFilesOf(stack: Stack): (readonly [string, string])[] {
  const within = (resource: string, value: Value | undefined, place: string): (readonly [string, string])[] =>
    [...new Set(leavesOf(value).map(readFileOf))].flatMap((file) =>
      file === undefined || isSecretFile(file)
        ? []
        : [[resource, `the content of ${file} in ${place}`] as const],
    );
  return [
    ...userDataOf(stack).flatMap(({ resource, value }) => within(resource.address, value, 'user_data')),
    ...stack.outputs.flatMap(({ name, value, isSensitive }) =>
      isSensitive ? [] : within(`output.${name}`, value, 'the output'),
    ),
    ...stack.resources.flatMap(({ address, provisioners }) =>
      provisioners.flatMap(({ type, values }) => (type === 'file' ? [] : within(address, values, type))),
    ),
  ];
}

/** Neither a number nor left out. */
const isUnreadable = (value: Value | undefined): boolean =>
  value !== undefined && value !== null && numberOf(value) === undefined;

export const undecidableValue: Rule = {
  id: 'undecidable-value',
  level: 'warning',
  title: 'a value that a rule needs is not known here',
  why: 'Another rule could not look at it, and so has not found it safe. A plan knows most of such values.',
  check: (stack) => {
    const found = [
      ...inboundRules(stack)
        .filter(({ unreadable }) => unreadable.length > 0)
        .map(({ firewall }) => [firewall.address, 'source_addresses of an inbound rule'] as const),
      ...forwardsOf(stack)
        .filter(({ balancer }) => (balancerSources(balancer)?.unreadable.length ?? 0) > 0)
        .map(({ balancer }) => [balancer.address, 'firewall.allow'] as const),
      ...dropletsOf(stack)
        .filter(({ values }) => values['image'] instanceof Unknown)
        .map(({ resource }) => [resource.address, 'image'] as const),
      ...ofType(stack.resources, 'tls_private_key').flatMap(({ address, values }) =>
        ['algorithm', 'ecdsa_curve', 'rsa_bits']
          // The provider fills in what was left out.
          .filter((name) => stack.form === 'configuration' && values[name] instanceof Unknown)
          .map((name) => [address, name] as const),
      ),
      ...certificatesOf(stack).flatMap(({ resource, isKnown }) => [
        ...(isKnown ? [] : [[resource.address, 'allowed_uses'] as const]),
        ...(isUnreadable(resource.values['validity_period_hours'])
          ? [[resource.address, 'validity_period_hours'] as const]
          : []),
      ]),
      ...readFilesOf(stack),
    ];
    return found.map(([resource, name]): RuleFinding => ({
      resource,
      problem: `${name} is not known`,
      fix: 'write the value out, or run this over `terraform show -json` of a plan too',
    }));
  },
};
