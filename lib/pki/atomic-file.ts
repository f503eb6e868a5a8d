import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { unwritable } from '../messages/pki.ts';
import { errorCode, withPath } from './file-errors.ts';

/**
 * Writes a whole file under a temporary name in the same folder, then gives it its name in one step: with a hard link,
 * which fails if the name is taken, or with a rename, which replaces what has the name. Neither follows a symbolic
 * link.
 *
 * @param mode holds from the first byte on, whatever the umask.
 * @returns false, with nothing changed, if the name is taken and `overwrite` is false.
 * @throws {UserError} if the file cannot be written.
 */
export function writeAtomically(path: string, text: string, mode: number, overwrite: boolean): boolean {
  return withPath(unwritable, path, () => {
    const temporary = join(dirname(path), `${temporaryPrefix}${randomBytes(12).toString('hex')}`);
    const descriptor = fs.openSync(temporary, 'wx', mode);
    try {
      try {
        fs.fchmodSync(descriptor, mode); // The umask may have taken more away than the mode says.
        fs.writeFileSync(descriptor, text);
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
      if (overwrite) fs.renameSync(temporary, path);
      else fs.linkSync(temporary, path);
    } catch (error) {
      if (!overwrite && errorCode(error) === 'EEXIST') return false;
      throw error;
    } finally {
      fs.rmSync(temporary, { force: true });
    }
    synchronizeFolder(dirname(path));
    return true;
  });
}

const temporaryPrefix = '.unfinished-';

/** After this time no process is still writing a temporary file: one hour. */
const staleAfterMs = 60 * 60 * 1000;

/** Removes what crashed processes left: it may hold a private key that nothing uses. */
export function removeStaleTemporaryFiles(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    if (!name.startsWith(temporaryPrefix)) continue;
    const path = join(folder, name);
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > staleAfterMs) fs.rmSync(path, { force: true });
  }
}

/** Makes a new name in a folder last through a power cut. */
function synchronizeFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
