import { readFileSync } from 'node:fs';

/**
 * The CPU time that a process with one thread has used, in seconds: proc(5), /proc/PID/schedstat, which counts
 * nanoseconds where /proc/PID/stat counts hundredths of a second.
 *
 * @throws Error where the system has no such file (it is not Linux) or the process is gone
 */
export function cpuSeconds(pid: number): number {
  const [onCpu] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
  return Number(onCpu) / 1e9;
}
