import type { Rule, RuleFinding } from '../rule.ts';
import type { Stack } from '../stack.ts';
import { encodedTexts } from '../terms/encoded-texts.ts';
import { userDataOf } from '../terms/user-data.ts';
import { openedIn } from '../terms/ollama-environment.ts';
import { leavesOf } from '../values.ts';

/** Every text that ends up on a machine, with the resource or file that it stands in. */
function textsOf(stack: Stack): { readonly resource: string; readonly text: string }[] {
  const texts = (
    resource: string,
    value: Parameters<typeof leavesOf>[0],
  ): { resource: string; text: string }[] =>
    leavesOf(value).flatMap(({ text, path }) =>
      text === undefined ? [] : [{ resource, text: withEncoded(withName(path.at(-1), text)) }],
    );
  return [
    ...userDataOf(stack).flatMap(({ resource, value }) => texts(resource.address, value)),
    ...stack.resources.flatMap(({ address, provisioners }) =>
      provisioners.flatMap(({ values }) => texts(address, values)),
    ),
    ...stack.files.map(({ name, content }) => ({ resource: name, text: content })),
  ];
}

const withEncoded = (text: string): string => [text, ...encodedTexts(text)].join('\n');

/** In an object the name is the key: `environment = { OLLAMA_HOST = "0.0.0.0" }`. */
function withName(key: string | undefined, text: string): string {
  return key?.startsWith('OLLAMA_') === true ? `${key}=${text}` : text;
}

export const ollamaHostOpened: Rule = {
  id: 'ollama-host-opened',
  level: 'error',
  title: 'Ollama is told to listen beyond loopback, or to serve every origin',
  why:
    'Ollama then answers beside the gateway, to anyone who reaches the machine, or to any web page that a person on ' +
    'it opens; a firewall is the last thing in between.',
  check: (stack) =>
    textsOf(stack).flatMap(({ resource, text }) =>
      openedIn(text).map((problem): RuleFinding => ({
        resource,
        problem,
        fix: 'leave OLLAMA_HOST at 127.0.0.1:11434 and OLLAMA_ORIGINS unset; callers go through the gateway',
      })),
    ),
};
