import { randomBytes } from 'node:crypto';
import { chmod, lstat, readFile, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { renderText } from '../messages/render.ts';
import type { FileTree, RenderedFile } from './file-tree.ts';
import { makeFolder } from './make-folder.ts';
import { orTell } from './system-errors.ts';

/** Names the files of a folder that this module writes; a folder without it is somebody else's. */
const manifestName = 'MANIFEST';

/** How a folder differs from the tree it should hold. */
export interface FolderDifference {
  readonly path: string;
  readonly kind: 'missing' | 'stale' | 'stray' | 'mode';
  /** A unified diff from what is there to what should be. */
  readonly diff: string;
}

/**
 * Adds the manifest: every file with its mode on the machine, so that a reviewer and git see a changed mode. A document
 * has none there.
 */
export function withManifest(tree: FileTree): FileTree {
  const lines = [...tree].map(([path, file]) =>
    file.isDocument === true ? `---- ${path}\n` : `${file.mode.toString(8).padStart(4, '0')} /${path}\n`,
  );
  const header = '# Every file of this folder with its mode on the machine. Generated, like all of them.\n';
  return new Map([...tree, [manifestName, { content: header + lines.join(''), mode: 0o644 as const }]]);
}

/**
 * Makes a folder hold exactly the files of a tree. Each file is replaced at once, so that a reader never sees half of
 * one; what else was there from an earlier tree is removed.
 *
 * @param option the command line's option that names the folder, for messages
 * @throws UserError where the folder holds files but is no rendered folder, and nothing is written then; or where the
 *   system refuses it
 */
export async function writeFolder(
  directory: string,
  tree: FileTree,
  option = '--out',
): Promise<FolderDifference[]> {
  const differences = await compareFolder(directory, tree, option);
  requireRendered(directory, differences, option);
  await orTell(
    () => mend(directory, tree, differences),
    (code) => renderText.unusable(directory, code, option),
  );
  return differences;
}

/** Removes before it writes: what does not belong there may stand where a folder or a file has to be. */
async function mend(
  directory: string,
  tree: FileTree,
  differences: readonly FolderDifference[],
): Promise<void> {
  const complete = withManifest(tree);
  for (const { path, kind } of differences) if (kind === 'stray') await removeFile(directory, path);
  for (const { path, kind } of differences) {
    const file = complete.get(path);
    if (file === undefined) continue;
    if (kind === 'mode') await chmod(join(directory, path), file.mode);
    else await writeFileAtomically(join(directory, path), file);
  }
}

/**
 * Refuses a folder whose files this module has not written: they would be lost.
 *
 * @param differences what {@link compareFolder} found there
 * @throws UserError where files differ or are no part of the tree, and there is no manifest
 */
export function requireRendered(
  directory: string,
  differences: readonly FolderDifference[],
  option = '--out',
): void {
  const hasManifest = !differences.some(({ path, kind }) => path === manifestName && kind === 'missing');
  if (!hasManifest && differences.some(({ kind }) => kind === 'stray' || kind === 'stale')) {
    throw renderText.notRendered(directory, option);
  }
}

/**
 * Compares a folder with the tree it should hold, and changes nothing. Of modes only the executable bit counts, since
 * that is what git keeps.
 *
 * @param option the command line's option that names the folder, for messages
 * @throws UserError where it is no folder but a symbolic link or a file, or cannot be read
 */
export async function compareFolder(
  directory: string,
  tree: FileTree,
  option = '--out',
): Promise<FolderDifference[]> {
  return orTell(
    () => compare(directory, tree, option),
    (code) => renderText.unusable(directory, code, option),
  );
}

async function compare(directory: string, tree: FileTree, option: string): Promise<FolderDifference[]> {
  const complete = withManifest(tree);
  const present = await listFiles(directory, option);
  const differences: FolderDifference[] = [];
  for (const path of [...new Set([...complete.keys(), ...present.keys()])].sort()) {
    const wanted = complete.get(path);
    const entry = present.get(path);
    const found =
      entry === 'file' ? await readFile(join(directory, path), 'utf8') : entry && '(not a file)\n';
    if (found !== wanted?.content) {
      differences.push({
        path,
        kind: found === undefined ? 'missing' : wanted === undefined ? 'stray' : 'stale',
        diff: unifiedDiff(path, found, wanted?.content),
      });
    } else if (wanted !== undefined) {
      const executable = ((await stat(join(directory, path))).mode & 0o111) !== 0;
      if (executable !== ((wanted.mode & 0o111) !== 0)) {
        differences.push({ path, kind: 'mode', diff: renderText.modeDiff(path, executable) });
      }
    }
  }
  return differences;
}

/**
 * The folders under `directory` that hold a rendered tree, other than those of `stacks`.
 *
 * @throws UserError where something else is there, which would look as if it had been rendered, or where it cannot be
 *   read
 */
export async function otherRenderedFolders(directory: string, stacks: readonly string[]): Promise<string[]> {
  const entries = await orTell(
    () => entriesOf(directory),
    (code) => renderText.unusable(directory, code),
  );
  const others = entries.filter((name) => !stacks.includes(name)).sort();
  for (const name of others) {
    const manifest = await stat(join(directory, name, manifestName)).catch(() => undefined);
    if (manifest?.isFile() !== true) throw renderText.strayEntry(join(directory, name));
  }
  return others;
}

/** The names in a folder; none where it is not there. */
async function entriesOf(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
}

function unifiedDiff(path: string, found: string | undefined, wanted: string | undefined): string {
  const from = found === undefined ? '/dev/null' : `a/${path}`;
  const to = wanted === undefined ? '/dev/null' : `b/${path}`;
  return createTwoFilesPatch(from, to, found ?? '', wanted ?? '', '', '').replace(/^=+\n/, '');
}

/** Everything below a folder that is no folder; a symbolic link or a socket is `other`, whatever it leads to. */
async function listFiles(directory: string, option: string): Promise<Map<string, 'file' | 'other'>> {
  const itself = await lstat(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (itself === undefined) return new Map();
  if (!itself.isDirectory()) throw renderText.notFolder(directory, option);
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => [
        relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'),
        entry.isFile() ? 'file' : 'other',
      ]),
  );
}

async function writeFileAtomically(path: string, file: RenderedFile): Promise<void> {
  await makeFolder(resolve(dirname(path)));
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.partial`);
  try {
    await writeFile(temporary, file.content, { flag: 'wx' });
    await chmod(temporary, file.mode);
    await rmdir(path).catch(() => undefined); // An empty folder in its place; nothing else goes this way.
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes a file and the folders that it leaves empty. */
async function removeFile(directory: string, path: string): Promise<void> {
  await rm(join(directory, path), { force: true });
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    const emptied = await rmdir(join(directory, folder)).then(
      () => true,
      () => false,
    );
    if (!emptied) return;
  }
}
