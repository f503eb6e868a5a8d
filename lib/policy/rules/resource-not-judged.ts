import type { Rule } from '../rule.ts';
import { foreignResources } from '../terms/foreign-types.ts';

export const resourceNotJudged: Rule = {
  id: 'resource-not-judged',
  level: 'warning',
  title: 'a resource opens ports or runs programs, and no rule knows its type',
  why:
    "The rules for ports and machines are for DigitalOcean's firewalls, droplets and load balancers. Of the others " +
    'user_data, provisioners and texts are looked at alone.',
  check: (stack) =>
    foreignResources(stack).map(({ address, type }) => ({
      resource: address,
      problem: `what ${type} opens or runs is not looked at`,
      fix: 'look at it yourself, or with a scanner that knows the provider, and acknowledge it',
    })),
};
