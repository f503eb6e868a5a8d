import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyText } from '../../messages/bundle.ts';
import type { Finding } from './finding.ts';

/**
 * Looks at the mode and the owner of every folder and file of a bundle: 0700 and 0600, its reader's own or root's. Links
 * are not followed: what they lead to is in the bundle too.
 */
export async function checkModes(root: string): Promise<Finding> {
  const reader = process.getuid?.() ?? 0;
  const check = 'modes';
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = [root, ...entries.map((entry) => join(entry.parentPath, entry.name))];
  for (const path of paths.sort()) {
    const stat = await lstat(path);
    if (stat.uid !== reader && stat.uid !== 0)
      return { check, outcome: 'attention', text: verifyText.foreign(path) };
    if (stat.isSymbolicLink()) continue;
    const wanted = stat.isDirectory() ? 0o700 : 0o600;
    if ((stat.mode & 0o777 & ~wanted) !== 0) {
      const [mode, least] = [stat.mode & 0o777, wanted].map((bits) => bits.toString(8).padStart(4, '0'));
      return { check, outcome: 'attention', text: verifyText.open(path, mode ?? '', least ?? '') };
    }
  }
  return { check, outcome: 'holds', text: verifyText.closed };
}
