import type { Rule } from '../rule.ts';
import { preciousResources } from '../terms/authorities.ts';

export const destroysDropletOrAuthority: Rule = {
  id: 'destroys-droplet-or-authority',
  level: 'error',
  title: 'a plan destroys a droplet or a CA',
  why:
    'A construct that got another id or place is another resource to terraform: it destroys the one that it knows and ' +
    'makes one that looks the same, without the models and with other keys.',
  check: (stack) =>
    preciousResources(stack)
      .filter(({ resource }) => resource.actions?.length === 1 && resource.actions[0] === 'delete')
      .map(({ resource, words }) => ({
        resource: resource.address,
        problem: `the plan destroys ${words}`,
        fix: 'give the construct its id back, or move it with a moved block; acknowledge it with a reason if it is meant',
      })),
};
