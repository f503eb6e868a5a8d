import { profiles } from '../../pki/profiles.ts';
import type { Rule, RuleFinding } from '../rule.ts';
import { certificatesOf } from '../terms/certificates.ts';
import { numberOf } from '../values.ts';

/** Of a leaf the same for client and server. */
const maximumDays = { authority: profiles.ca.maximumLifetimeDays, leaf: profiles.server.maximumLifetimeDays };

export const certificateLifetime: Rule = {
  id: 'certificate-lifetime',
  level: 'error',
  title: 'a certificate is valid for too long',
  why:
    'A key that was taken is good until its certificate ends, for every reader that does not look at the CRL. ' +
    `The bounds are those of this kit's profiles: ${maximumDays.leaf} days, and ${maximumDays.authority} for a CA.`,
  check: (stack) =>
    certificatesOf(stack).flatMap(({ resource, isAuthority }): RuleFinding[] => {
      const hours = numberOf(resource.values['validity_period_hours']);
      const days = isAuthority ? maximumDays.authority : maximumDays.leaf;
      if (hours === undefined || hours <= days * 24) return [];
      return [
        {
          resource: resource.address,
          problem: `it is valid for ${Math.round(hours / 24)} days, ${days} are the most`,
          fix: `set validity_period_hours to ${days * 24} or less`,
        },
      ];
    }),
};
