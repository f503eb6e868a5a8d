import { ExitCode, UserError } from './user-error.ts';

/** The prompts for a CA's passphrase, and what can be wrong with it. No message has anything of it. */
export const passphraseText = {
  prompt: 'Passphrase of the CA: ',
  newPrompt: 'Passphrase for the new CA: ',
  repeatPrompt: 'The same again: ',
  empty: new UserError('There is no passphrase.', 'Type it, or name a file with --passphrase-file.'),
  differ: new UserError('The two passphrases differ.', 'Run this again; nothing was made.'),
  interrupted: new UserError('Ended before anything was done.', 'Run this again.', ExitCode.interrupted),
  noTerminal: new UserError(
    'There is no terminal to ask for the passphrase on.',
    "Name a file with it: --passphrase-file FILE, or '-' for the standard input.",
  ),
  tooShort: (fewest: number) =>
    new UserError(
      `The passphrase is too short.`,
      `Take one of at least ${fewest} characters: it is all that protects a copy of the CA's key.`,
    ),
  tooLong: (most: number) =>
    new UserError(
      `The passphrase has more than ${most} bytes: Node could not decrypt a key with it.`,
      `Take one of at most ${most} bytes. A letter beyond ASCII has two to four.`,
    ),
  severalLines: (file: string) =>
    new UserError(`${file} holds more than a passphrase.`, 'Put the passphrase alone there, on one line.'),
  unreadable: (file: string, code: string) =>
    new UserError(`Cannot read ${file} (${code}).`, 'Check that the file exists and that you may read it.'),
  tooOpen: (file: string, mode: number) =>
    new UserError(
      `${file} holds a passphrase that others may read (mode 0${mode.toString(8)}).`,
      `Run: chmod 600 ${file}`,
    ),
};
