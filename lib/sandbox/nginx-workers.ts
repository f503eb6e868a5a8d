import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** nginx needs about 100 ms to retire its workers (docs/performance.md); this is when to stop waiting. */
const reloadTimeoutMs = 10_000;
/** Where workers have no titles to tell by (macOS), this is several times what nginx needs. */
const untitledWaitMs = 1_000;

/** The children of an nginx master. */
interface Workers {
  /** Those that are not known to be shutting down. */
  readonly accepting: readonly number[];
  /** Whether the system shows the titles that nginx gives its processes. */
  readonly haveTitles: boolean;
}

/** The workers of an nginx master, as `ps` shows them. */
export async function workersOf(master: number): Promise<Workers> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,command=']);
  const children = stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && Number(match[2]) === master);
  return {
    accepting: children
      .filter((match) => !match?.[3]?.includes('shutting down'))
      .map((match) => Number(match?.[1])),
    haveTitles: children.some((match) => match?.[3]?.includes('worker process')),
  };
}

/**
 * Waits until none of the workers of before a reload accepts connections any more, so that every new request meets
 * the new configuration.
 *
 * @param gone aborted when the master has ended
 * @returns false where they still do after ten seconds, or the master has ended
 */
export async function workersReplaced(
  master: number,
  before: readonly number[],
  gone: AbortSignal,
): Promise<boolean> {
  const started = Date.now();
  while (Date.now() < started + reloadTimeoutMs && !gone.aborted) {
    const { accepting, haveTitles } = await workersOf(master);
    const old = accepting.filter((pid) => before.includes(pid)).length;
    const retired = old === 0 || (!haveTitles && Date.now() > started + untitledWaitMs);
    if (retired && accepting.length > old) return true;
    await sleep(25);
  }
  return false;
}
