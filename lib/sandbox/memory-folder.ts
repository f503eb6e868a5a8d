import { mkdtemp, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes a folder for nginx's process id and temporary files, in memory where the system has such a place, as /run is
 * on a machine. Its mode lets nginx's worker user through and shows nothing.
 */
export async function makeMemoryFolder(): Promise<string> {
  for (const parent of [process.env['XDG_RUNTIME_DIR'], '/dev/shm', tmpdir()]) {
    if (parent === undefined || parent === '') continue;
    const folder = await mkdtemp(join(parent, 'hardening-sandbox-')).catch(() => undefined);
    if (folder === undefined) continue;
    await chmod(folder, 0o711);
    return folder;
  }
  throw new Error('there is no folder for temporary files');
}
