import type { Rule } from '../rule.ts';
import { preciousResources } from '../terms/authorities.ts';

export const replacesDropletOrAuthority: Rule = {
  id: 'replaces-droplet-or-authority',
  level: 'error',
  title: 'a plan replaces a droplet or a CA',
  why:
    "A droplet takes its models, logs and the list of revoked identities with it; a CA every service's certificate. " +
    'It happens by a changed image, region or user_data, or by a name.',
  check: (stack) =>
    preciousResources(stack)
      .filter(
        ({ resource }) =>
          resource.actions?.includes('delete') === true && resource.actions.includes('create'),
      )
      .map(({ resource, words }) => ({
        resource: resource.address,
        problem: `the plan replaces ${words}`,
        fix: 'undo what replaces it, or acknowledge it with a reason in the same change',
      })),
};
