import { diffLines } from 'diff';
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
    const parts = diffLines(was ?? '', is ?? '');
    const lines = (kind: 'added' | 'removed'): number =>
      parts.filter((part) => part[kind]).reduce((sum, part) => sum + part.count, 0);
    return [{ path, added: lines('added'), removed: lines('removed') }];
  });
}

function grouped(list: readonly FileChange[]): [kind: string, files: FileChange[]][] {
  return kinds.flatMap(([kind], index): [string, FileChange[]][] => {
    const ofKind = list.filter(({ path }) => kinds.findIndex(([, fits]) => fits(path)) === index);
    return ofKind.length === 0 ? [] : [[kind, ofKind]];
  });
}
