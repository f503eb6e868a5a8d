import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SandboxDescription } from '../../lib/sandbox/sandbox-description.ts';

const program = fileURLToPath(new URL('../../bin/hardening.js', import.meta.url));
/** No wait of a test is longer: what takes so long has failed. */
const limitMs = 30_000;

/** A `hardening` command that runs as a process of its own. */
export interface CommandProcess {
  readonly child: ChildProcess;
  /** Everything that it wrote so far, standard output and error in the order of arrival. */
  output(): string;
  /** Settles with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Waits until the output after `from` matches; throws with the output where the process ends or time runs out. */
  said(pattern: RegExp, from?: number): Promise<void>;
}

/** Starts `hardening` with the given parameters; by default without a terminal and without colours. */
export function startCommand(parameters: readonly string[], cwd?: string): CommandProcess {
  const child = spawn(process.execPath, [program, ...parameters], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  let hasEnded = false;
  const ended = new Promise<number | NodeJS.Signals>((settle) => {
    child.once('close', (code, signal) => {
      hasEnded = true;
      settle(code ?? signal ?? -1);
    });
  });
  return {
    child,
    output: () => output,
    ended,
    said: async (pattern, from = 0) => {
      const deadline = Date.now() + limitMs;
      while (!pattern.test(output.slice(from))) {
        if (hasEnded || Date.now() > deadline) throw new Error(`never said ${String(pattern)}:\n${output}`);
        await delay(20);
      }
    },
  };
}

/** Runs a `hardening` command to its end. */
export async function runCommand(
  parameters: readonly string[],
  cwd?: string,
): Promise<{ code: number | NodeJS.Signals; output: string }> {
  const command = startCommand(parameters, cwd);
  const code = await command.ended;
  return { code, output: command.output() };
}

/** Reads sandbox.json once it is there. */
export async function readDescription(stateDirectory: string): Promise<SandboxDescription> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    try {
      return JSON.parse(await readFile(join(stateDirectory, 'sandbox.json'), 'utf8')) as SandboxDescription;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(20);
    }
  }
}

/** Waits until none of the processes is left; a zombie has ended. */
export async function allGone(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const left = (await Promise.all(pids.map(isRunning)))
      .map((is, index) => (is ? [pids[index]] : []))
      .flat();
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`still running: ${left.join(', ')}`);
    await delay(20);
  }
}

async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] /.test(stat);
}
