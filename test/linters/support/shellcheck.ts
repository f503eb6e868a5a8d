import { spawnSync } from 'node:child_process';
import { findProgram } from '../../../scripts/setup/find-program.mjs';
import type { Finding } from './finding.ts';
import type { ShellProgram } from './shell-programs.ts';

/** The program; undefined where it is not installed. */
export const shellcheckProgram = findProgram('shellcheck');

interface Comment {
  readonly code: number;
  readonly line: number;
  readonly message: string;
}

/** What shellcheck says of a program, down to questions of style. */
export function shellcheck({ where, shell, text }: ShellProgram): Finding[] {
  const parameters = [`--shell=${shell}`, '--severity=style', '--norc', '--format=json1', '-'];
  const { stdout, stderr, status } = spawnSync(shellcheckProgram ?? 'shellcheck', parameters, {
    input: text,
    encoding: 'utf8',
  });
  // 0: nothing found; 1: found something. Else it read nothing.
  if (status !== 0 && status !== 1) throw new Error(`shellcheck could not read ${where}: ${stderr}`);
  const { comments } = JSON.parse(stdout) as { comments: readonly Comment[] };
  return comments.map(({ code, line, message }) => ({
    rule: `SC${code}`,
    where,
    said: `line ${line}: ${message}`,
  }));
}
