import type * as z from 'zod';

/** A rule between fields that was broken; the path is relative to the stack. */
export interface CrossProblem {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
  readonly allowed: string;
  readonly fix: string;
}

/** The value at a path if it is valid by itself, its default if it is absent, and undefined otherwise. */
export function valid<Schema extends z.ZodType>(
  schema: Schema,
  stack: unknown,
  path: readonly string[],
): z.output<Schema> | undefined {
  let value: unknown = stack;
  for (const key of path) {
    value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
