import type { Rule, RuleFinding } from '../rule.ts';
import type { Resource, Stack, Value } from '../stack.ts';
import { isUserData } from '../terms/user-data.ts';
import { isGone } from '../terms/firewalls.ts';
import { secretsIn } from '../terms/secret-texts.ts';
import { leavesOf, textOf } from '../values.ts';

/** Arguments that hold nothing but a credential. */
const credentialName =
  /(?:^|_)(?:token|password|passwd|passphrase|secret|secret_key|access_key|customer_key|private_key|api_key)$|^encryption_key$/;
/** Arguments of a module may be called anything; these are never a name or a place of a secret. */
const moduleCredentialName = /(?:^|_)(?:password|passphrase)$/;

const fix =
  'take it from the environment or from a sensitive variable, and replace it: whoever reads the repository has it';

function secretsOf(value: Value | undefined): string[] {
  return [...new Set(leavesOf(value).flatMap(({ text }) => (text === undefined ? [] : secretsIn(text))))];
}

function credentialsOf(value: Value | undefined, name = credentialName): string[] {
  const found = leavesOf(value).filter(
    ({ text, path }) =>
      text !== undefined && !['', 'true', 'false'].includes(text) && name.test(path.at(-1) ?? ''),
  );
  return [...new Set(found.map(({ path }) => `a value for ${path.at(-1) ?? ''}`))];
}

const findings = (resource: string, kinds: readonly string[]): RuleFinding[] =>
  kinds.map((words) => ({ resource, problem: `it has ${words}, written out`, fix }));

/** A password in a connection is a finding of ssh-connection-without-host-key already. */
function ofConnections({ connection, provisioners }: Resource): string[] {
  const all = [connection, ...provisioners.map((one) => one.connection)];
  return [...new Set(all.flatMap((one) => secretsOf(one)))];
}

function ofResources(stack: Stack): RuleFinding[] {
  return stack.resources
    .filter((resource) => !isGone(resource))
    .flatMap((resource) => {
      const { address, values } = resource;
      // user_data has a rule of its own.
      const texts = leavesOf(values).flatMap(({ text, path }) =>
        text === undefined || isUserData(path) ? [] : [text],
      );
      return findings(address, [...secretsOf(texts), ...ofConnections(resource)]);
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
    ...stack.modules.flatMap(({ name, values }) =>
      findings(`module.${name}`, [...secretsOf(values), ...credentialsOf(values, moduleCredentialName)]),
    ),
    ...findings('terraform', [
      ...secretsOf(stack.terraform),
      ...credentialsOf(stack.terraform?.['backend']),
      ...credentialsOf(stack.terraform?.['encryption']),
    ]),
    ...stack.outputs
      .filter(({ isSensitive }) => isSensitive)
      .flatMap(({ name, value }) => findings(`output.${name}`, secretsOf(value))),
    ...stack.files.flatMap(({ name, content }) => findings(name, secretsIn(content))),
  ],
};
