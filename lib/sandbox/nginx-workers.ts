import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** nginx needs about 100 ms to retire its workers (docs/performance.md); this is when to stop waiting. */
const reloadTimeoutMs = 10_000;

/** The workers of an nginx master that still accept connections. */
export async function acceptingWorkers(master: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,command=']);
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && Number(match[2]) === master && !match[3]?.includes('shutting down'))
    .map((match) => Number(match?.[1]));
}

/**
 * Waits until none of the workers of before a reload accepts connections any more, so that every new request meets
 * the new configuration.
 *
 * @returns false where they still do after ten seconds
 */
export async function workersReplaced(master: number, before: readonly number[]): Promise<boolean> {
  const deadline = Date.now() + reloadTimeoutMs;
  while (Date.now() < deadline) {
    const now = await acceptingWorkers(master);
    if (now.length > 0 && !now.some((pid) => before.includes(pid))) return true;
    await sleep(25);
  }
  return false;
}
