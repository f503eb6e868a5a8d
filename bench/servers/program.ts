import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGroup } from '../../lib/sandbox/process-group.ts';
import { pin } from './processors.ts';

/** Twenty seconds: under valgrind a start takes some. */
const startAttempts = 1_000;

/** A server under test, or the upstream behind it. */
export interface Program {
  readonly port: number;
  /** The process that was started: nginx's master, or HAProxy itself. */
  readonly pid: number;
  /** The processes that do the work, whose CPU time counts. */
  workers(): number[];
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly port: number;
  readonly processor: number;
  /** Removed when the program has ended. */
  readonly temporaryFolder: string;
}

/**
 * Starts a program on one processor and waits until it accepts connections. It ends with the bench, however that ends.
 *
 * @throws Error with what the program said where it does not
 */
export async function startProgram(
  path: string,
  parameters: readonly string[],
  options: ProgramOptions,
): Promise<Program> {
  const group = await startGroup(path, parameters, options.temporaryFolder);
  let endedHow: string | undefined;
  void group.ended.then((how) => (endedHow = how));
  for (let attempt = 0; !(await accepts(options.port)); attempt++) {
    if (attempt === startAttempts || endedHow !== undefined) {
      await group.stop();
      throw new Error(`${path} ${endedHow ?? 'does not accept connections'}: ${group.errors()}`);
    }
    await sleep(20);
  }
  // What it starts later inherits its processor.
  for (const pid of [group.pid, ...childrenOf(group.pid)]) await pin(pid, options.processor);
  return {
    port: options.port,
    pid: group.pid,
    workers: () => {
      const children = childrenOf(group.pid);
      return children.length > 0 ? children : [group.pid];
    },
    signal: (name) => group.signal(name),
    stop: () => group.stop(),
  };
}

/** The direct children of a process with one thread: proc(5). */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}
