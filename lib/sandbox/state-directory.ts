import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sandboxText } from '../messages/sandbox.ts';
import { isQuotablePath } from '../render/helpers.ts';

/** The folder of one running sandbox. */
export interface StateDirectory {
  readonly path: string;
  release(): Promise<void>;
}

const lockName = 'sandbox.lock';
/** How many sandboxes may run beside each other without a folder named for each. */
const mostDefaultFolders = 20;

/**
 * Takes a state folder for this process. A given folder is taken or refused; without one, the first of `.sandbox`,
 * `.sandbox-2`, … in the working directory that no running sandbox has.
 *
 * @throws UserError where another sandbox runs in the folder, or nginx could not be given its path
 */
export async function takeStateDirectory(given: string | undefined): Promise<StateDirectory> {
  if (given !== undefined) {
    const taken = await take(resolve(given));
    if ('holder' in taken) throw sandboxText.stateTaken(given, taken.holder);
    return taken;
  }
  for (let number = 1; number <= mostDefaultFolders; number++) {
    const taken = await take(resolve(number === 1 ? '.sandbox' : `.sandbox-${number}`));
    if (!('holder' in taken)) return taken;
  }
  throw sandboxText.tooManySandboxes(mostDefaultFolders);
}

async function take(path: string): Promise<StateDirectory | { holder: number }> {
  if (!isQuotablePath(path)) throw sandboxText.unquotablePath('--state-dir', path);
  const lock = join(path, lockName);
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
    // A second try where the first lock was a dead process's.
    for (let attempt = 0; attempt < 2; attempt++) {
      const locked = await writeFile(lock, `${process.pid}\n`, { flag: 'wx' }).then(
        () => true,
        async (error: unknown) => {
          if ((await stat(lock).catch(() => undefined)) === undefined) throw error;
          return false;
        },
      );
      if (locked) return { path, release: () => rm(lock, { force: true }) };
      const holder = Number(await readFile(lock, 'utf8'));
      if (isRunning(holder)) return { holder };
      await rm(lock, { force: true });
    }
  } catch (error) {
    throw sandboxText.stateUnwritable(path, (error as NodeJS.ErrnoException).code ?? String(error));
  }
  throw sandboxText.stateUnwritable(path, 'the lock is taken again and again');
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
