import { ExitCode, UserError } from './user-error.ts';

/** Wording of `hardening render`. */
export const renderText = {
  notRendered: (directory: string, option: string) =>
    new UserError(
      `${directory} holds files but no MANIFEST: it is no rendered folder, and writing there could remove them`,
      `choose another folder with ${option} DIR, or move the files away`,
    ),
  /** To the check of a rendered folder it is a difference like any other. */
  notFolder: (directory: string, option: string) =>
    new UserError(
      `${directory} is no folder but a symbolic link or a file`,
      'remove it; the next run makes the folder',
      option === '--out' ? ExitCode.attention : ExitCode.unable,
    ),
  unusable: (directory: string, code: string, option = '--out') =>
    new UserError(
      `${directory} cannot be read or written: ${code}`,
      `choose another folder with ${option} DIR, or mend what is there`,
    ),
  strayEntry: (path: string) =>
    new UserError(
      `${path} does not belong there: the folder is for rendered stacks alone`,
      'move it away, or choose another folder with --out DIR',
      1,
    ),
  modeDiff: (path: string, executable: boolean) =>
    [
      `--- a/${path}`,
      `+++ b/${path}`,
      `old mode ${executable ? '100755' : '100644'}`,
      `new mode ${executable ? '100644' : '100755'}\n`,
    ].join('\n'),
  kinds: {
    missing: 'missing',
    stale: 'differs',
    stray: 'does not belong there',
    mode: 'has another mode',
  },
  done: {
    missing: 'written',
    stale: 'replaced',
    stray: 'removed',
    mode: 'given its mode',
  },
  upToDate: (directory: string) => `${directory} is up to date`,
  wrote: (directory: string, changed: number) =>
    changed === 0
      ? `${directory} was up to date`
      : `${directory}: ${changed === 1 ? '1 file' : `${changed} files`} written or removed`,
  stale: (files: number) =>
    new UserError(
      `${files === 1 ? '1 file differs' : `${files} files differ`} from what the configuration renders`,
      'run `npx hardening render`, read the changes, and commit them',
      1,
    ),
};
