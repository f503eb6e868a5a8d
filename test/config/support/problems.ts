import { parseConfig } from '../../../lib/config/parse.ts';
import { ConfigError, type ConfigProblem } from '../../../lib/messages/config.ts';

/** The least that a stack needs. */
export const minimal = { gateway: { serverNames: ['models.example.com'] }, services: { ci: {} } };

/** What is wrong with a configuration. */
export function problems(raw: unknown): readonly ConfigProblem[] {
  try {
    parseConfig(raw, 'hardening.config.ts');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The stack `production` with one value set at a dotted path. */
export function withValue(path: string, value: unknown): unknown {
  const stack = structuredClone(minimal) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let place = stack;
  for (const key of keys) {
    place[key] ??= {};
    place = place[key] as Record<string, unknown>;
  }
  place[last] = value;
  return { stacks: { production: stack } };
}
