import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { initText } from '../messages/init.ts';
import { errorCode } from '../pki/file-errors.ts';
import type { ProjectFile } from './project-files.ts';

/** What became of a file. */
export type Outcome = 'written' | 'replaced' | 'extended' | 'same' | 'left';

/**
 * Looks at what is there for each file, and changes nothing.
 *
 * @throws UserError where a folder, a link or the like has the name of a file, or a file that of a folder
 */
export function compareProject(folder: string, files: readonly ProjectFile[]): [ProjectFile, Outcome][] {
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw initText.inTheWay(folder, 'no folder');
  }
  return files.map((file) => {
    requireFolders(folder, file.path);
    const path = join(folder, file.path);
    const there = fs.lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined) return [file, 'written'];
    if (!there.isFile()) throw initText.inTheWay(path, 'no file');
    if (fs.readFileSync(path, 'utf8') === file.content) return [file, 'same'];
    return [file, file.keepsWhatWasThere ? 'extended' : 'left'];
  });
}

/** A link could lead out of the project, so none is followed below its folder. From the top down. */
function requireFolders(folder: string, path: string): void {
  const parts = path.split('/').slice(0, -1);
  parts.forEach((_, index) => {
    const above = join(folder, ...parts.slice(0, index + 1));
    const there = fs.lstatSync(above, { throwIfNoEntry: false });
    if (there !== undefined && !there.isDirectory()) throw initText.inTheWay(above, 'no folder');
  });
}

/**
 * Writes the files that are to be written, or none: each is complete in a folder of its own before the first gets its
 * name, and an error takes back what was done.
 *
 * @throws UserError where the system refuses one
 */
export function writeProject(folder: string, outcomes: readonly (readonly [ProjectFile, Outcome])[]): void {
  const wanted = outcomes.filter(([, outcome]) => outcome !== 'same' && outcome !== 'left');
  const undo: (() => void)[] = [];
  let at = folder;
  try {
    makeFolder(folder, undo);
    const staging = fs.mkdtempSync(join(folder, '.hardening-init-'));
    undo.push(() => fs.rmSync(staging, { recursive: true, force: true }));
    wanted.forEach(([file, outcome], index) => {
      at = join(folder, file.path);
      const staged = join(staging, String(index));
      fs.writeFileSync(staged, file.content, { flag: 'wx' });
      fs.chmodSync(staged, outcome === 'written' ? file.mode : fs.statSync(at).mode);
    });
    wanted.forEach(([file, outcome], index) => {
      at = join(folder, file.path);
      const path = at;
      makeFolder(dirname(path), undo);
      if (outcome === 'written') {
        // Fails where the name was taken in between.
        fs.linkSync(join(staging, String(index)), path);
        undo.push(() => fs.rmSync(path, { force: true }));
      } else {
        const before = join(staging, `${index}-before`);
        fs.copyFileSync(path, before);
        fs.renameSync(join(staging, String(index)), path);
        undo.push(() => fs.renameSync(before, path));
      }
    });
    fs.rmSync(staging, { recursive: true, force: true });
  } catch (error) {
    for (const step of undo.reverse()) ignoringErrors(step);
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw initText.unwritable(at, code);
  }
}

/** Makes a folder with those above it, and remembers how to take back what was made. */
function makeFolder(folder: string, undo: (() => void)[]): void {
  if (fs.existsSync(folder)) return;
  makeFolder(dirname(folder), undo);
  fs.mkdirSync(folder);
  undo.push(() => fs.rmdirSync(folder));
}

function ignoringErrors(step: () => void): void {
  try {
    step();
  } catch {
    // The first error is the one to tell.
  }
}
