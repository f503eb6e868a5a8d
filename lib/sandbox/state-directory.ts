import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sandboxText } from '../messages/sandbox.ts';
import { releaseProcessLock, replacingName, takeProcessLock } from '../pki/process-lock.ts';
import { isQuotablePath } from '../render/helpers.ts';
import { makeFolder } from '../render/make-folder.ts';
import { orTell } from '../render/system-errors.ts';

/** The folder of one running sandbox. */
export interface StateDirectory {
  readonly path: string;
  /** Path of sandbox.json, which is there while the sandbox is ready. */
  readonly descriptionFile: string;
  release(): Promise<void>;
}

const lockName = 'sandbox.lock';
/** How many sandboxes may run beside each other without a folder named for each. */
const mostDefaultFolders = 20;

/**
 * Takes a state folder for this process. A given folder is taken or refused; without one, the first of `.sandbox`,
 * `.sandbox-2`, … in the working directory that no running sandbox has. What says there that a sandbox is ready is an
 * ended one's, and is removed.
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
  const unusable = (code: string): Error => sandboxText.stateUnwritable(path, code);
  const holder = await orTell(async () => {
    await makeFolder(path);
    return await lock(path);
  }, unusable);
  if (holder !== undefined) return { holder };
  const release = (): Promise<void> => {
    releaseProcessLock(join(path, lockName));
    return Promise.resolve();
  };
  const descriptionFile = join(path, 'sandbox.json');
  try {
    await orTell(() => rm(descriptionFile, { force: true }), unusable);
  } catch (error) {
    await release();
    throw error;
  }
  return { path, descriptionFile, release };
}

/**
 * Locks a folder for this process where no running process has it.
 *
 * @returns the running process that has it; undefined where it is this one's from here on
 */
async function lock(folder: string): Promise<number | undefined> {
  const name = join(folder, lockName);
  const taken = await takeProcessLock(name);
  if (taken === 'stuck') throw sandboxText.stateLockStays(replacingName(name));
  return taken === 'taken' ? undefined : taken.holder;
}
