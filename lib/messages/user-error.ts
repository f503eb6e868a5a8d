/** The exit codes of every command, as `--help` states them. */
export const ExitCode = {
  /** Done, and nothing to report. */
  ok: 0,
  /** Done, and something needs attention: findings, a stale tree, a failed verdict. */
  attention: 1,
  /** Not done: bad input, a missing program, or the answer could not be told. */
  unable: 2,
  /** Ended by a signal before there was an answer (128 + SIGINT). */
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * An error that a user can act on. The command prints `problem`, then `fix`, and ends with `exitCode`; no stack
 * trace. Any other error is a defect of the kit and keeps its stack trace.
 */
export class UserError extends Error {
  /** What to do about it, as an instruction. */
  readonly fix: string;
  readonly exitCode: ExitCode;

  constructor(problem: string, fix: string, exitCode: ExitCode = ExitCode.unable) {
    super(problem);
    this.name = 'UserError';
    this.fix = fix;
    this.exitCode = exitCode;
  }
}
