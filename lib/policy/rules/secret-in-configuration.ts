import type { Rule, RuleFinding } from '../rule.ts';
import type { Stack, Value } from '../stack.ts';
import { isGone } from '../terms/firewalls.ts';
import { secretsIn } from '../terms/secrets.ts';
import { leavesOf, textOf } from '../values.ts';

/** Arguments that hold nothing but a credential. */
const credentialName =
  /^(?:token|password|secret|secret_key|access_key|spaces_secret_key|sas_token|client_secret|encryption_key)$/;

const fix =
  'take it from the environment or from a sensitive variable, and replace it: whoever reads the repository has it';

function secretsOf(value: Value | undefined): string[] {
  return [...new Set(leavesOf(value).flatMap(({ text }) => (text === undefined ? [] : secretsIn(text))))];
}

function credentialsOf(value: Value | undefined): string[] {
  const found = leavesOf(value).filter(
    ({ text, path }) => text !== undefined && text !== '' && credentialName.test(path.at(-1) ?? ''),
  );
  return [...new Set(found.map(({ path }) => `a value for ${path.at(-1) ?? ''}`))];
}

const findings = (resource: string, kinds: readonly string[]): RuleFinding[] =>
  kinds.map((words) => ({ resource, problem: `it has ${words}, written out`, fix }));

function ofResources(stack: Stack): RuleFinding[] {
  return stack.resources
    .filter((resource) => !isGone(resource))
    .flatMap(({ address, values }) => {
      // user_data has a rule of its own.
      const { user_data: _userData, droplet_template: _template, ...rest } = values;
      return findings(address, secretsOf(rest));
    });
}

export const secretInConfiguration: Rule = {
  id: 'secret-in-configuration',
  level: 'error',
  title: 'a key or a token is written out in the configuration',
  why: 'The configuration is in the repository, in cdktf.out and in the logs of CI jobs; a secret there is known.',
  check: (stack) => [
    ...ofResources(stack),
    ...stack.providers.flatMap(({ name, values }) =>
      findings(`provider.${name}`, [...secretsOf(values), ...credentialsOf(values)]),
    ),
    ...stack.variables.flatMap((variable) => {
      const text = textOf(variable.default);
      const kinds = secretsOf(variable.default);
      const isSecret = variable.isSensitive && text !== undefined && text !== '' && kinds.length === 0;
      return findings(
        `variable.${variable.name}`,
        isSecret ? ['the default of a sensitive variable'] : kinds,
      );
    }),
    ...Object.entries(stack.locals).flatMap(([name, value]) => findings(`local.${name}`, secretsOf(value))),
    ...findings('terraform', [...secretsOf(stack.terraform), ...credentialsOf(stack.terraform?.['backend'])]),
    ...stack.outputs
      .filter(({ isSensitive }) => isSensitive)
      .flatMap(({ name, value }) => findings(`output.${name}`, secretsOf(value))),
    ...stack.files.flatMap(({ name, content }) => findings(name, secretsIn(content))),
  ],
};
