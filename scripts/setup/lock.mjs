// @ts-check
import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_INTERVAL_MS = 100;

/** @typedef {{ pid: number, startTime: string }} Owner a process; the start time tells it from a later one with its pid */

/**
 * Runs a task while holding a lock file, and waits for the process that holds it. The lock of a process that died is
 * taken over.
 *
 * @template T
 * @param {string} file made for the time of the task
 * @param {(pid: number) => void} onWait called once when another process holds the lock, with its id
 * @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
export async function withLock(file, onWait, task) {
  const me = JSON.stringify({ pid: process.pid, startTime: processStartTime(process.pid) });
  for (let waited = false; !tryLock(file, me);) {
    const content = readIfThere(file);
    if (content === undefined) continue;
    const owner = parseOwner(content);
    if (owner === undefined || processStartTime(owner.pid) !== owner.startTime) {
      removeStale(file, content);
      continue;
    }
    if (!waited) onWait(owner.pid);
    waited = true;
    await wait(POLL_INTERVAL_MS);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await task();
  } finally {
    process.off('exit', release);
    release();
  }
}

/**
 * Makes the lock with its content in one step: a reader never sees half of it.
 *
 * @param {string} file
 * @param {string} content
 */
function tryLock(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes the lock of a dead process. Of several that try, one renames it; what it got is looked at again, for
 * another may have taken the stale one away and locked in between.
 *
 * @param {string} file
 * @param {string} content
 */
function removeStale(file, content) {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return;
    throw error;
  }
  try {
    if (readFileSync(aside, 'utf8') !== content) linkSync(aside, file);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * @param {string} content
 * @returns {Owner | undefined}
 */
function parseOwner(content) {
  try {
    const { pid, startTime } = JSON.parse(content);
    return Number.isInteger(pid) && pid > 0 && typeof startTime === 'string' ? { pid, startTime } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * When a process started, as the system words it.
 *
 * @param {number} pid
 * @returns {string | undefined} undefined: no such process, or one that has ended
 */
export function processStartTime(pid) {
  try {
    if (process.platform !== 'linux') {
      return (
        execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
      );
    }
    // proc(5): the name in parentheses may hold anything; after it come the state (field 3) and the rest. Field 22 is
    // the start time.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[22 - 3];
  } catch {
    return undefined;
  }
}
