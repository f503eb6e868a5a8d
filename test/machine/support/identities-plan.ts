/** What an apply did to the stack's resources, by short names such as `service-ci-2 key` and `release`. */
export interface Touched {
  readonly created: readonly string[];
  readonly replaced: readonly string[];
  readonly destroyed: readonly string[];
  readonly updated: readonly string[];
}

/** How terraform announces them, one line a resource. */
const announced =
  /^ *# (\S+?)(?:\[[^\]]*\])?(?: \(deposed .*\))? (will be created|must be replaced|will be destroyed|will be updated in-place|is tainted, so must be replaced|will be replaced, as requested|must be .*)$/gm;

/** Reads it from what an apply said. */
export function touchedBy(said: string): Touched {
  const found: Record<keyof Touched, string[]> = { created: [], replaced: [], destroyed: [], updated: [] };
  for (const [, address = '', what = ''] of said.matchAll(announced)) {
    const kind = what.includes('replaced')
      ? 'replaced'
      : what.includes('created')
        ? 'created'
        : what.includes('destroyed')
          ? 'destroyed'
          : 'updated';
    found[kind].push(shortName(address));
  }
  for (const names of Object.values(found)) names.sort();
  return found;
}

/** An address without the resource's type, the construct around all of them and the hash of its path. */
export function shortName(address: string): string {
  return address
    .replace(/^.*\.ollama_/, '')
    .replace(/_[0-9A-F]{8}$/, '')
    .replaceAll('_', ' ')
    .replace(/^(\S+) \1$/, '$1');
}
