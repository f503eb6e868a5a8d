import type { Rule, RuleFinding } from '../rule.ts';
import { Unknown } from '../stack.ts';
import { dropletsOf } from '../terms/firewalls.ts';
import { supportedImages } from '../terms/images.ts';
import { textOf } from '../values.ts';

export const imageUnsupported: Rule = {
  id: 'image-unsupported',
  level: 'error',
  title: "a droplet's image is not supported, or past its end",
  why:
    'A distribution without security support keeps its holes. On another one than these nginx, OpenSSL and systemd ' +
    'have other versions, and the rendered files were not tried there.',
  check: (stack, { now }) =>
    dropletsOf(stack).flatMap(({ resource, values }): RuleFinding[] => {
      const { image } = values;
      if (image === undefined || image instanceof Unknown) return [];
      const slug = textOf(image) ?? '';
      const end = supportedImages[slug];
      if (end !== undefined && now.toISOString().slice(0, 10) <= end) return [];
      return [
        {
          resource: resource.address,
          problem:
            end === undefined
              ? `the image '${slug}' is not supported`
              : `support of '${slug}' ended on ${end}`,
          fix: `use one of ${Object.keys(supportedImages).join(', ')}`,
        },
      ];
    }),
};
