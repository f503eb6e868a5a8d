import type { Rule } from '../rule.ts';
import { dropletsOf, firewallsOf, inboundRules } from '../terms/firewalls.ts';
import { isWorld } from '../../config/networks.ts';
import { balancerSources, forwardsOf } from '../terms/balancers.ts';
import { hasPort } from '../terms/ports.ts';
import { sshPortsOf } from '../terms/connections.ts';

export const sshOpenToWorld: Rule = {
  id: 'ssh-open-to-world',
  level: 'error',
  title: 'SSH is open to the world',
  why:
    'Every host on the Internet then tries keys and the next hole of sshd. What counts is all rules of all firewalls ' +
    'that hold for a droplet together: 0.0.0.0/1 and 128.0.0.0/1 are everybody. So is a load balancer without a list.',
  check: (stack) => {
    const ports = sshPortsOf(stack);
    const rules = inboundRules(stack).filter(
      (rule) =>
        rule.protocol === 'tcp' &&
        ports.some((port) => rule.ports !== undefined && hasPort(rule.ports, port)),
    );
    // A firewall counts alone, and with the others of each droplet.
    const alone = [...new Set(rules.map(({ firewall }) => firewall))].map((one) => [one]);
    const together = dropletsOf(stack).map((droplet) => firewallsOf(stack, droplet));
    const found = new Set<string>();
    for (const firewalls of [...alone, ...together]) {
      const theirs = rules.filter(({ firewall }) => firewalls.includes(firewall));
      if (theirs.some(({ firewall }) => found.has(firewall.address))) continue;
      if (!isWorld(theirs.flatMap(({ networks }) => networks))) continue;
      for (const { firewall } of theirs) found.add(firewall.address);
    }
    const balancers = forwardsOf(stack)
      .filter(({ target }) => typeof target === 'number' && ports.includes(target))
      .filter(({ balancer }) => {
        const sources = balancerSources(balancer);
        return sources === undefined || isWorld(sources.networks);
      })
      .map(({ balancer }) => balancer.address);
    return [
      ...[...found].map((resource) => ({
        resource,
        problem: `its rules for port ${ports.join(', ')}, with those beside it, let in more than a /8 of IPv4 or a /16 of IPv6`,
        fix: 'name the networks that administrators and deployments come from',
      })),
      ...[...new Set(balancers)].map((resource) => ({
        resource,
        problem: `it forwards to port ${ports.join(', ')}, and takes connections of the whole Internet`,
        fix: 'reach SSH beside the load balancer, or name who may in firewall.allow',
      })),
    ];
  },
};
