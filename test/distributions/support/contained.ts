import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A script of this folder that runs in namespaces, and ends with all that it started when this process ends. */
export interface Contained {
  /** The first line that it printed. */
  readonly firstLine: string;
  /** Settles when it has ended. */
  readonly ended: Promise<unknown>;
  /** Ends it and settles when nothing of it is left. */
  stop(): Promise<void>;
}

export const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * Starts a command that ends with its standard input, and waits for its first line.
 *
 * @throws Error with what it said, where it ends without one
 */
export async function startContained(command: readonly string[]): Promise<Contained> {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'] });
  // It may be gone before its standard input is closed.
  child.stdin.on('error', () => undefined);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-16_384)));
  const ended = once(child, 'close');
  const line = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const first = await Promise.race([line, ended.then(() => undefined)]);
  if (first === undefined) throw new Error(`${program} ended at once: ${errors}`);
  return {
    firstLine: first[0],
    ended,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
