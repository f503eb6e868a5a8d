/** What git is to keep out: keys, state, plans, bundles, and what is made anew. */
export const gitIgnored = [
  'node_modules/',
  'cdktf.out/',
  '.terraform/',
  '.sandbox*/',
  '*.tfstate*',
  '*.tfplan',
  '*.key',
  '*.p12',
  'bundles/',
  'pki*/secrets/',
] as const;

/** What prettier is to leave as the kit has printed it. */
export const prettierIgnored = ['rendered/', 'cdktf.out/'] as const;

/**
 * Adds the lines that a file of patterns lacks, at its end: there they hold, whatever stands above them. What is there
 * stays as it is, byte for byte.
 *
 * @param found the file's text; undefined where it is not there
 * @returns the whole text
 */
export function withLines(found: string | undefined, wanted: readonly string[]): string {
  if (found === undefined || found === '') return wanted.map((line) => `${line}\n`).join('');
  const lines = found.split(/\r?\n/).map((line) => line.trimEnd());
  // A line that takes back what stands above it (`!*.key`) would take back ours too.
  const lastTakenBack = lines.findLastIndex((line) => line.startsWith('!'));
  const missing = wanted.filter((line) => lines.lastIndexOf(line) <= lastTakenBack);
  if (missing.length === 0) return found;
  const newLine = found.includes('\r\n') ? '\r\n' : '\n';
  const gap = found.endsWith('\n') ? '' : newLine;
  return found + gap + missing.map((line) => line + newLine).join('');
}
