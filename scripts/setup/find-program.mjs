// @ts-check
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where distributions and Homebrew put daemons and tools that an ordinary user's PATH may lack. */
const FURTHER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/opt/homebrew/bin', '/usr/local/bin'];

/**
 * Finds a program in PATH, then in the folders that daemons are installed to.
 *
 * @param {string} name
 * @param {string} [path] defaults to the environment's PATH
 * @returns {string | undefined} its full path
 */
export function findProgram(name, path = process.env['PATH'] ?? '') {
  for (const folder of [...path.split(delimiter), ...FURTHER_FOLDERS]) {
    if (folder === '') continue;
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here, or not ours to run: look further.
    }
  }
  return undefined;
}
