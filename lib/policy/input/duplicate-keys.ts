/** A string of JSON, or a sign that opens, closes or parts objects and lists. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

interface Open {
  readonly isList: boolean;
  /** Undefined for a list. */
  readonly keys: Set<string> | undefined;
  /** The key or the index that is read. */
  at: string;
}

/**
 * The path of the first key that stands twice in one object, with dots between its parts. Terraform takes blocks of
 * every such key; JSON.parse keeps the last alone.
 *
 * @param text valid JSON
 * @returns undefined where each key stands once
 */
export function duplicateKey(text: string): string | undefined {
  const open: Open[] = [];
  let last: string | undefined;
  for (const [token] of text.matchAll(tokens)) {
    const inner = open.at(-1);
    if (token === '{' || token === '[') {
      const isList = token === '[';
      open.push({ isList, keys: isList ? undefined : new Set(), at: isList ? '0' : '' });
    } else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && inner?.isList === true) inner.at = String(Number(inner.at) + 1);
    else if (token === ':' && inner?.keys !== undefined && last !== undefined) {
      // "\u0061" is "a".
      inner.at = last.includes('\\') ? (JSON.parse(last) as string) : last.slice(1, -1);
      if (inner.keys.has(inner.at)) return open.map(({ at }) => at).join('.');
      inner.keys.add(inner.at);
    }
    last = token.startsWith('"') ? token : undefined;
  }
  return undefined;
}
