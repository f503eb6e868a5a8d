import { lstatSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeCommit } from './git.ts';

/** The files of the base, and where their packages come from. */
export interface BaseFolder {
  readonly path: string;
  remove(): void;
}

/**
 * Writes the base beside the working tree, in a folder of its own for this process alone. Packages are those of the
 * working tree, by links: the base has none, and is no place to install any.
 *
 * @param configFolder the configuration's folder, from the top folder
 */
export async function baseFolder(top: string, commit: string, configFolder: string): Promise<BaseFolder> {
  const home = await realpath(mkdtempSync(join(tmpdir(), 'hardening-review-')));
  const remove = (): void => {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    process.off('exit', remove);
  };
  process.on('exit', remove);
  try {
    const path = join(home, 'base');
    await writeCommit(top, commit, path, join(home, 'index'));
    for (let folder = configFolder; ; folder = dirname(folder)) {
      linkPackages(join(top, folder, 'node_modules'), join(path, folder, 'node_modules'));
      if (folder === '.') break;
    }
    return { path, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function linkPackages(packages: string, link: string): void {
  const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (isThere(packages) && !isThere(link) && isThere(dirname(link))) symlinkSync(packages, link);
}
