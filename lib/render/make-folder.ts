import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing; does nothing where it is there. Not by Node's own recursive
 * mkdir, which tries for ever where the system answers ENOENT though the folder above is there, as /proc does.
 *
 * @param path absolute
 * @throws the system's error, such as ENOENT, ENOTDIR or EACCES
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (await isFolder(path)) return;
    const parent = dirname(path);
    const isMissingAbove = (error as NodeJS.ErrnoException).code === 'ENOENT' && !(await isFolder(parent));
    if (!isMissingAbove || parent === path) throw error;
    await makeFolder(parent);
    await makeFolder(path);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
