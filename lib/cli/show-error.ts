import { ExitCode, UserError } from '../messages/user-error.ts';
import { paint, terminal } from '../messages/terminal.ts';

/**
 * Prints an error that a user can act on, with its fix; any other is a defect and is printed with its stack trace.
 *
 * @returns the exit code that goes with it
 */
export function showError(error: unknown): ExitCode {
  const to = terminal(process.stderr);
  if (!(error instanceof UserError)) {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${paint(to, 'red', 'defect:')} ${trace}\n`);
    return ExitCode.unable;
  }
  process.stderr.write(
    `${paint(to, 'red', 'error:')} ${error.message}\n${paint(to, 'bold', 'fix:')} ${error.fix}\n`,
  );
  return error.exitCode;
}
