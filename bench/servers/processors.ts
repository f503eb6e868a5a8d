import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** Which processor each part of a measurement runs on, so that the server under test shares its own with nothing. */
export interface Processors {
  readonly server: number;
  /** The load generator and, where there is no third processor, the upstream. */
  readonly generator: number;
  readonly upstream: number;
}

/** Chooses among the processors that this process may use: proc(5), Cpus_allowed_list. */
export function chooseProcessors(): Processors {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const allowed = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const server = allowed[0] ?? 0;
  const generator = allowed[1] ?? server;
  return { server, generator, upstream: allowed[2] ?? generator };
}

/** Keeps a process, and what it starts from now on, on one processor. */
export async function pin(pid: number, processor: number): Promise<void> {
  await promisify(execFile)('taskset', ['-c', '-p', String(processor), String(pid)]);
}
