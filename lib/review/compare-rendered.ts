import { reviewReport, type FileChange } from '../messages/review.ts';
import type { Finding } from './change.ts';
import { isUnit } from './compare-units.ts';

/** Files by path, as text. */
export type Files = ReadonlyMap<string, string>;

/** Of which kind a rendered file is. The first that fits. */
const kinds: readonly (readonly [kind: string, fits: (path: string) => boolean])[] = [
  ['the gateway', (path) => path.startsWith('etc/hardening/gateway/')],
  ['the packet filter', (path) => path.startsWith('etc/hardening/nftables/')],
  ['the SSH server', (path) => path.startsWith('etc/ssh/') || path.startsWith('etc/hardening/ssh/')],
  ['units', isUnit],
  ['programs that root runs', (path) => path.startsWith('usr/')],
  ['settings of the system', (path) => path.startsWith('etc/')],
  ['modes and names of files', (path) => path === 'MANIFEST'],
  ['documents for the reviewer', () => true],
];

const documents = 'documents for the reviewer';

/**
 * Rendered files that differ, by kind, apart by cause: what the kit makes of the base's own configuration differs from
 * what the base has, or the configuration differs.
 *
 * @param committed the base's files; undefined where it has none
 * @param again the base's configuration as this kit renders it
 * @param after the working tree's configuration as this kit renders it
 */
export function compareRendered(committed: Files | undefined, again: Files, after: Files): Finding[] {
  const byKit = changes(committed ?? again, again);
  return [
    ...grouped(byKit).map(([kind, list]) => ({
      mark: kind === documents ? ('neutral' as const) : ('mayWiden' as const),
      text: reviewReport.kitChanged(kind, list),
    })),
    ...grouped(changes(again, after)).map(([kind, list]) => ({
      mark: 'neutral' as const,
      text: reviewReport.configurationChanged(kind, list),
    })),
  ];
}

function changes(before: Files, after: Files): FileChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((path): FileChange[] => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was === is) return [];
    return [{ path, added: surplus(is, was), removed: surplus(was, is) }];
  });
}

/** How many lines a text has that another has not, or not as often. In linear time: files have a line for each service. */
function surplus(text: string | undefined, other: string | undefined): number {
  const left = new Map<string, number>();
  for (const line of (other ?? '').split('\n')) left.set(line, (left.get(line) ?? 0) + 1);
  return (text ?? '').split('\n').filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  }).length;
}

function grouped(list: readonly FileChange[]): [kind: string, files: FileChange[]][] {
  return kinds.flatMap(([kind], index): [string, FileChange[]][] => {
    const ofKind = list.filter(({ path }) => kinds.findIndex(([, fits]) => fits(path)) === index);
    return ofKind.length === 0 ? [] : [[kind, ofKind]];
  });
}
