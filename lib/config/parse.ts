import leven from 'leven';
import * as z from 'zod';
import { ConfigError, configText, showValue, type ConfigProblem } from '../messages/config.ts';
import { crossChecks } from './cross-checks.ts';
import { metaOf, schemaAt, unwrap } from './describe-path.ts';
import { configSchema, type Config } from './schema.ts';
import { adminName, serviceName, stackName } from './values.ts';

/**
 * Checks what a configuration file exports and fills in every default.
 *
 * @param raw the exported value, of any shape
 * @param file the file's name, for messages
 * @throws ConfigError with all problems of the file at once
 */
export function parseConfig(raw: unknown, file: string): Config {
  const parsed = configSchema.safeParse(raw);
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => fieldProblems(issue, raw))),
    ...crossProblems(raw),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigError(file, problems);
  return parsed.data;
}

/** Names first, then the rules between fields, stack by stack; each looks at the file as it was written. */
function crossProblems(raw: unknown): ConfigProblem[] {
  return [
    ...nameProblems(raw, ['stacks'], stackName),
    ...keysAt(raw, ['stacks']).flatMap((name) => [
      ...nameProblems(raw, ['stacks', name, 'services'], serviceName),
      ...nameProblems(raw, ['stacks', name, 'ssh', 'adminKeys'], adminName),
      ...crossChecks(valueAt(raw, ['stacks', name])).map(({ path, ...rest }) => ({
        path: dotted(['stacks', name, ...path]),
        got: showValue(valueAt(raw, ['stacks', name, ...path])),
        ...rest,
      })),
    ]),
  ];
}

/**
 * Checks the names of a record's entries. zod would skip the value of an entry with a bad name, and `__proto__`
 * without a word.
 */
function nameProblems(raw: unknown, path: readonly string[], schema: z.ZodString): ConfigProblem[] {
  const meta = metaOf(schema);
  return keysAt(raw, path)
    .filter((name) => !schema.safeParse(name).success)
    .map((name) => ({
      path: dotted([...path, name]),
      problem: configText.wrongName,
      got: showValue(name),
      allowed: meta?.allowed ?? '',
      fix: meta?.fix ?? '',
    }));
}

function keysAt(raw: unknown, path: readonly string[]): string[] {
  const value = valueAt(raw, path);
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function fieldProblems(issue: z.core.$ZodIssue, raw: unknown): ConfigProblem[] {
  const schema = schemaAt(configSchema, issue.path);
  const here = schema && unwrap(schema);
  const keys = here instanceof z.ZodObject ? Object.keys(here.shape) : undefined;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...issue.path, key], keys ?? [], raw));
  }
  const meta = schema && metaOf(schema);
  const got = valueAt(raw, issue.path);
  const shape = { allowed: configText.keys(keys ?? []), fix: configText.writeObject };
  return [
    {
      path: dotted(issue.path),
      problem: got === undefined ? configText.missing : configText.notAllowed,
      got: showValue(got),
      allowed: meta?.allowed ?? shape.allowed,
      fix: meta?.fix ?? shape.fix,
    },
  ];
}

function unknownKey(path: readonly PropertyKey[], keys: readonly string[], raw: unknown): ConfigProblem {
  const written = String(path.at(-1));
  const nearest = nearestOf(written, keys);
  return {
    path: dotted(path),
    problem: configText.unknownKey,
    got: showValue(valueAt(raw, path)),
    allowed: configText.keys(keys),
    fix: nearest === undefined ? configText.removeKey : configText.useNearest(nearest),
  };
}

/** The allowed key that is nearest to a misspelt one; undefined where none is near (over half of it changed). */
function nearestOf(written: string, keys: readonly string[]): string | undefined {
  // Comparing is quadratic in length: no real key is longer than this.
  if (written.length > 64) return undefined;
  const ranked = keys
    .map((key) => ({ key, distance: leven(written.toLowerCase(), key.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(2, best.key.length / 2) ? best.key : undefined;
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A path as a user would write it; a key that is no plain word is quoted. */
export function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      const text = String(key);
      if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(text)) return `[${showValue(text)}]`;
      return index === 0 ? text : `.${text}`;
    })
    .join('');
}
