/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that a value is, or none: a wrong shape holds nothing that could be read. */
export function objectOf(value: unknown): Json {
  return isJson(value) ? value : {};
}

/** The objects that a value is or has: blocks of terraform's JSON stand alone or in a list. */
export function objectsOf(value: unknown): Json[] {
  if (Array.isArray(value)) return (value as unknown[]).flatMap(objectsOf);
  return isJson(value) ? [value] : [];
}

export function stringsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((item): item is string => typeof item === 'string');
  return typeof value === 'string' ? [value] : [];
}
