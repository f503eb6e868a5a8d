import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../bin/hardening.js', import.meta.url));

/** How a command ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `hardening` as a user would, without colours. */
export function hardening(
  parameters: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  umask?: string,
): Promise<CommandResult> {
  const [file, own] =
    umask === undefined
      ? [process.execPath, [program, ...parameters]]
      : ['sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath, program, ...parameters]];
  const { FORCE_COLOR: _force, ...inherited } = process.env;
  return new Promise((settle) => {
    execFile(file, own, { env: { ...inherited, NO_COLOR: '1', ...environment } }, (error, stdout, stderr) => {
      settle({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The object that a command printed; throws with what it said where it failed. */
export async function hardeningJson(parameters: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await hardening(parameters);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}
