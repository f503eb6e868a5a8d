import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileTree } from '../../../lib/render/file-tree.ts';
import type { Machine } from '../../distributions/support/machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Files of which only the text matters. */
export function plainFiles(texts: Iterable<readonly [path: string, content: string]>): FileTree {
  return new Map([...texts].map(([path, content]) => [path, { content, mode: 0o644 }]));
}

/** Writes files below a folder of this machine. */
export async function putFiles(folder: string, files: FileTree): Promise<void> {
  for (const [path, { content, mode }] of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    await chmod(target, mode);
  }
}

/** Writes files to a machine, all in one step; they belong to root. */
export async function putOnMachine(machine: Machine, files: FileTree): Promise<void> {
  const folder = await temporaryFolder();
  try {
    await putFiles(folder.path, files);
    const pack = ['--create', '--owner=0', '--group=0', `--directory=${folder.path}`, '.'];
    const packed = execFileSync('tar', pack, { encoding: 'utf8', maxBuffer: 1 << 26 });
    await machine.output(['tar', '--extract', '--no-overwrite-dir', '--directory=/'], packed);
  } finally {
    await folder.remove();
  }
}
