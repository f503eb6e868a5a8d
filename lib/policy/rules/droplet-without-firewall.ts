import type { Rule } from '../rule.ts';
import { dropletsOf, firewallsOf } from '../terms/firewalls.ts';

export const dropletWithoutFirewall: Rule = {
  id: 'droplet-without-firewall',
  level: 'error',
  title: 'a droplet has no firewall',
  why: 'Without one every port of the droplet is open to the Internet: also those that a package opens by itself.',
  check: (stack) =>
    dropletsOf(stack)
      .filter((droplet) => firewallsOf(stack, droplet).length === 0)
      .map(({ resource }) => ({
        resource: resource.address,
        problem: 'no digitalocean_firewall of the stack holds for it, by tag or by droplet_ids',
        fix: 'make a digitalocean_tag, give it to the firewall and to the droplet, and let the droplet depend on the firewall',
      })),
};
