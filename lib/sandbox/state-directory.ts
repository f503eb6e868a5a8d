import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sandboxText } from '../messages/sandbox.ts';
import { errorCode } from '../pki/file-errors.ts';
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
/** Held for the moment in which a dead process's lock is replaced. */
const replacingName = 'sandbox.lock.replacing';
/** How many sandboxes may run beside each other without a folder named for each. */
const mostDefaultFolders = 20;
/** How often a lock that changes is looked at again, 20 ms apart: two seconds. */
const mostAttempts = 100;

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
  const release = (): Promise<void> => rm(join(path, lockName), { force: true });
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
  // Written apart and given its name with a link, so that nobody reads a lock that does not say whose it is.
  const own = join(folder, `.${lockName}.${randomBytes(6).toString('hex')}`);
  fs.writeFileSync(own, `${process.pid}\n`, { flag: 'wx' });
  try {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      if (linked(own, name)) return undefined;
      const holder = holderOf(name);
      if (holder !== undefined && isRunning(holder)) return holder;
      if (!replaceDead(own, name, join(folder, replacingName))) await sleep(20);
    }
  } finally {
    fs.rmSync(own, { force: true });
  }
  throw sandboxText.stateLockStays(join(folder, replacingName));
}

/**
 * Removes a dead process's lock. One process at a time may: between seeing that the holder is dead and removing its
 * lock, another could else have put its own there, and both would have the folder. Nothing here waits, so that only a
 * kill in these few calls leaves the second lock behind, and then no one takes the folder.
 *
 * @returns false where another process is at it
 */
function replaceDead(own: string, name: string, replacing: string): boolean {
  if (!linked(own, replacing)) return false;
  try {
    const holder = holderOf(name);
    if (holder !== undefined && !isRunning(holder)) fs.rmSync(name, { force: true });
  } finally {
    fs.rmSync(replacing, { force: true });
  }
  return true;
}

/** Gives a file another name; false where the name is taken. */
function linked(file: string, name: string): boolean {
  try {
    fs.linkSync(file, name);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The process that a lock names, 0 for what names none; undefined where the lock is gone. */
function holderOf(name: string): number | undefined {
  try {
    return Number(fs.readFileSync(name, 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
