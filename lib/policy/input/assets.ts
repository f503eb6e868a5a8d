import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AssetFile } from '../stack.ts';

/** Larger files are models or archives, which no rule reads. */
const maximumBytes = 1_048_576;

/**
 * The files of the folder `assets` beside a stack. Of those below a folder `files/` the path on the machine is known.
 *
 * @throws the error of the file system for a folder that is there and cannot be read
 */
export function readAssets(stackFile: string): AssetFile[] {
  const folder = dirname(stackFile);
  const root = join(folder, 'assets');
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path).size <= maximumBytes)
    .sort()
    .map((path) => assetFile(path.slice(folder.length + 1), readFileSync(path, 'utf8')));
}

/** A file by its path from the stack's folder. */
export function assetFile(path: string, content: string): AssetFile {
  const machinePath = /(?:^|\/)files\/(.+)$/.exec(path)?.[1];
  return { name: machinePath === undefined ? path : `/${machinePath}`, path, machinePath, content };
}
