import { execFile } from 'node:child_process';

/** How a program ended. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  /** 255 where it could not be run, printed too much, or ended by a signal. */
  readonly status: number;
  /** What Node says of another status than 0; '' for 0. */
  readonly failure: string;
}

/** What a program may take. */
export interface ProgramLimits {
  readonly maxBuffer: number;
  /** In milliseconds. Default: no limit. */
  readonly timeout?: number;
  /** Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end for what it prints, with nothing on its standard input. It never throws. */
export function runProgram(
  program: string,
  parameters: readonly string[],
  limits: ProgramLimits,
): Promise<Answer> {
  return new Promise((settle) => {
    const child = execFile(program, parameters, limits, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      settle({
        stdout,
        stderr,
        status: typeof code === 'number' ? code : 255,
        failure: error?.message ?? '',
      });
    });
    child.stdin?.end();
  });
}
