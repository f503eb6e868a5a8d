import { rmSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is the test's own. */
export interface TemporaryFolder {
  /** Absolute, without symbolic links, mode 0700. Short, for a unix socket in it (108 bytes at most, unix(7)). */
  readonly path: string;
  /** Removes it with all it holds; may be called again. */
  remove(): Promise<void>;
}

/** Makes a new folder under the system's temporary folder. What was not removed goes when the process exits. */
export async function temporaryFolder(prefix = 'rhk-'): Promise<TemporaryFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), prefix)));
  if (left.size === 0) process.once('exit', removeLeft);
  left.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
      left.delete(path);
      if (left.size === 0) process.off('exit', removeLeft);
    },
  };
}

const left = new Set<string>();

function removeLeft(): void {
  for (const path of left) rmSync(path, { recursive: true, force: true });
}
