import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './file-errors.ts';

/** How often a lock that changes is looked at again, 20 ms apart: two seconds. */
const mostAttempts = 100;

/** The file that is held for the moment in which a dead process's lock is replaced. */
export const replacingName = (lock: string): string => `${lock}.replacing`;

/** The locks that this process has. */
const held = new Set<string>();

/**
 * Takes a lock for this process where no running process has it: a file with the number of the process in it. Whoever
 * takes it gives it back with {@link releaseProcessLock}; the lock of a process that died is replaced. One with this
 * process's own number that it did not take is a dead one's too: in a container every run may be process 1.
 *
 * @param lock the file, in a folder that exists.
 * @returns `taken`; the running process that has it; or `stuck` where a process was killed while it replaced a lock.
 */
export async function takeProcessLock(
  lock: string,
): Promise<'taken' | 'stuck' | { readonly holder: number }> {
  // Written apart and given its name with a link, so that nobody reads a lock that does not say whose it is.
  const own = join(dirname(lock), `.${basename(lock)}.${randomBytes(6).toString('hex')}`);
  fs.writeFileSync(own, `${process.pid}\n`, { flag: 'wx' });
  try {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      if (linked(own, lock)) {
        held.add(wholePath(lock));
        return 'taken';
      }
      const holder = holderOf(lock);
      if (holder !== undefined && isAlive(holder, lock)) return { holder };
      if (!replaceDead(own, lock, replacingName(lock))) await sleep(20);
    }
  } finally {
    fs.rmSync(own, { force: true });
  }
  return 'stuck';
}

/** Gives back a lock that this process took. */
export function releaseProcessLock(lock: string): void {
  held.delete(wholePath(lock));
  fs.rmSync(lock, { force: true });
}

/** One name for a lock, by whatever links its folder was reached. */
function wholePath(lock: string): string {
  const folder = dirname(lock);
  return join(fs.existsSync(folder) ? fs.realpathSync(folder) : folder, basename(lock));
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
    if (holder !== undefined && !isAlive(holder, name)) fs.rmSync(name, { force: true });
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

function isAlive(holder: number, lock: string): boolean {
  return holder === process.pid ? held.has(wholePath(lock)) : isRunning(holder);
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
