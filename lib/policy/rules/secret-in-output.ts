import type { Rule } from '../rule.ts';
import { secretLeaves } from '../terms/secrets.ts';

export const secretInOutput: Rule = {
  id: 'secret-in-output',
  level: 'error',
  title: 'an output shows a secret',
  why:
    'Outputs are printed after every apply, into terminals and the logs of CI jobs, unless they are marked as ' +
    'sensitive. nonsensitive() hides that from terraform.',
  check: (stack) =>
    stack.outputs
      .filter(({ isSensitive }) => !isSensitive)
      .flatMap(({ name, value }) =>
        [...new Set(secretLeaves(stack, value).map(({ words }) => words))].map((words) => ({
          resource: `output.${name}`,
          problem: `it gives ${words} and is not sensitive`,
          fix: 'set sensitive = true, or leave the secret out',
        })),
      ),
};
