import { chmod, mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxText } from '../messages/sandbox.ts';

/** The file systems that are in memory alone, as statfs(2) numbers them: tmpfs and ramfs. */
const memoryFileSystems: readonly number[] = [0x01021994, 0x858458f6];

/** Where to make the folder, and whom to tell that it is on a disk. */
export interface MemoryFolderOptions {
  /** Folders to try, the best first. Default: /dev/shm, $XDG_RUNTIME_DIR, then the system's temporary folder. */
  readonly parents?: readonly string[];
  /** Told where no parent is in memory. By default nobody is. */
  readonly notice?: (text: string) => void;
}

/**
 * Makes a folder for nginx's process id and temporary files, in memory where one of the parents is, as /run is on a
 * machine: a request's body that nginx buffers is written there. Where none is, it is on a disk. Its mode lets nginx's
 * worker user through and shows nothing.
 *
 * @throws UserError where no parent can be written to
 */
export async function makeMemoryFolder(options: MemoryFolderOptions = {}): Promise<string> {
  const parents = options.parents ?? ['/dev/shm', process.env['XDG_RUNTIME_DIR'] ?? '', tmpdir()];
  const given = parents.filter((parent) => parent !== '');
  const areInMemory = await Promise.all(given.map(isInMemory));
  const inMemory = given.filter((_parent, index) => areInMemory[index]);
  const onDisk = given.filter((_parent, index) => !areInMemory[index]);
  for (const parent of [...inMemory, ...onDisk]) {
    const folder = await mkdtemp(join(parent, 'hardening-sandbox-')).catch(() => undefined);
    if (folder === undefined) continue;
    await chmod(folder, 0o711);
    if (!inMemory.includes(parent)) options.notice?.(sandboxText.temporaryOnDisk(folder));
    return folder;
  }
  throw sandboxText.noTemporaryFolder(given);
}

/** False where it cannot be told, as on macOS, which numbers its file systems otherwise and has none of these. */
async function isInMemory(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  return statfs(folder).then(
    ({ type }) => memoryFileSystems.includes(type),
    () => false,
  );
}
