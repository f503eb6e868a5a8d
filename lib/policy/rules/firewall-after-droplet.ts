import type { Rule } from '../rule.ts';
import { attachment, dropletsOf, firewallsOf, isMadeAfter } from '../terms/firewalls.ts';

export const firewallAfterDroplet: Rule = {
  id: 'firewall-after-droplet',
  level: 'error',
  title: 'a droplet is there before its firewall is',
  why:
    'A firewall that names droplet_ids is made after the droplet, and one by tag may be: for that time every port is ' +
    'open, while the first boot installs and starts services.',
  check: (stack) =>
    dropletsOf(stack)
      // What is there already has its firewall already.
      .filter(({ resource }) => resource.actions?.includes('create') ?? true)
      .flatMap((droplet) => {
        const firewalls = firewallsOf(stack, droplet);
        const isBefore = firewalls.some(
          (firewall) =>
            attachment(stack, firewall, droplet) === 'tag' && isMadeAfter(stack, droplet.resource, firewall),
        );
        const [first] = firewalls;
        if (first === undefined || isBefore) return [];
        return [
          {
            resource: droplet.resource.address,
            problem:
              attachment(stack, first, droplet) === 'id'
                ? `${first.address} holds for it by its id, and so is made after it`
                : `it has the tag of ${first.address} and does not depend on it: terraform makes both at once`,
            fix: "attach the firewall by a tag, and put the firewall's address into the droplet's depends_on",
          },
        ];
      }),
};
