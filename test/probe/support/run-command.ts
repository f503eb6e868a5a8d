import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../bin/hardening.js', import.meta.url));

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `hardening probe` as a user would.
 * @param prefix words in front, such as `ip netns exec NAME`
 * @param endAfterMs kills it after this time; the code is then null
 */
export async function runProbe(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  prefix: readonly string[] = [],
  endAfterMs = 30_000,
): Promise<CommandResult> {
  const [file = process.execPath, ...rest] = [...prefix, process.execPath, program, 'probe', ...args];
  // What vitest sets for colours must not reach the command.
  const { FORCE_COLOR: _force, NO_COLOR: _no, ...inherited } = process.env;
  const child = spawn(file, rest, {
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: endAfterMs,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
