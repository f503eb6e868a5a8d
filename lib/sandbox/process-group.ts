import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { sandboxText } from '../messages/sandbox.ts';

/**
 * Ends a process group when the sandbox is gone, however it went: its standard input is a pipe that only the sandbox
 * holds open. First it removes the file that says that the group is ready, before another sandbox can write its own;
 * in the end a folder, which is in memory and would else stay until the next boot.
 */
const watchdogScript = `
trap '' INT TERM HUP
cat > /dev/null
[ -z "$3" ] || rm -f -- "$3"
kill -TERM "-$1" 2> /dev/null
i=0
while kill -0 "-$1" 2> /dev/null && [ "$i" -lt 30 ]; do sleep 0.1; i=$((i + 1)); done
kill -KILL "-$1" 2> /dev/null
rm -rf -- "$2"
`;

/** A program with all its children, which live no longer than this process. */
export interface ProcessGroup {
  readonly pid: number;
  /** Settles when the program itself has ended, with how. */
  readonly ended: Promise<string>;
  /** What it wrote to standard error, its last 16 KiB. */
  errors(): string;
  signal(name: NodeJS.Signals): void;
  /** Ends the program and everything that it started; settles when all of it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a program as the leader of a process group of its own, so that Ctrl-C in the terminal reaches the sandbox
 * alone, which then ends the group in order.
 *
 * @param temporaryFolder is removed when the group has ended
 * @param readyFile is removed before the group is ended; by default there is none
 */
export async function startGroup(
  path: string,
  parameters: readonly string[],
  temporaryFolder: string,
  readyFile = '',
): Promise<ProcessGroup> {
  const child = spawn(path, parameters, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  await once(child, 'spawn');
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${path} has no process id`);
  const watchdog = spawn(
    '/bin/sh',
    ['-c', watchdogScript, 'watchdog', String(pid), temporaryFolder, readyFile],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  );
  await once(watchdog, 'spawn');
  const watchdogEnded = once(watchdog, 'exit');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-16_384)));
  return {
    pid,
    ended: endOf(child),
    errors: () => errors,
    signal: (name) => process.kill(pid, name),
    stop: async () => {
      watchdog.stdin.end();
      await watchdogEnded;
    },
  };
}

async function endOf(child: ChildProcess): Promise<string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal === null ? sandboxText.endedWith(code) : sandboxText.endedBy(signal);
}
