import * as fs from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { passphraseText } from '../messages/pki-passphrase.ts';
import { mostPassphraseBytes } from '../pki/encrypted-key.ts';
import { errorCode } from '../pki/file-errors.ts';

/** The fewest characters of a new passphrase. */
const fewestCharacters = 12;
/** The largest file that is looked at: far more than a passphrase. */
const mostBytes = 4096;

/** Where a passphrase comes from: `file` is a path, or `-` for the standard input. Default: a prompt on the terminal. */
export interface PassphraseSource {
  readonly file: string | undefined;
}

/**
 * Asks for the passphrase of a CA that exists.
 *
 * @throws {UserError} for none, and for one of more bytes than any CA has.
 */
export async function readPassphrase({ file }: PassphraseSource): Promise<string> {
  const [passphrase = ''] = file === undefined ? await askHidden([passphraseText.prompt]) : [fromFile(file)];
  if (passphrase === '') throw passphraseText.empty;
  requireShort(passphrase);
  return passphrase;
}

function requireShort(passphrase: string): void {
  if (Buffer.byteLength(passphrase) > mostPassphraseBytes) throw passphraseText.tooLong(mostPassphraseBytes);
}

/**
 * Asks for the passphrase of a new CA, on a terminal twice.
 *
 * @throws {UserError} for one of fewer than twelve characters or more than 1,024 bytes, and for two that differ.
 */
export async function readNewPassphrase({ file }: PassphraseSource): Promise<string> {
  const [passphrase = '', repeated] =
    file === undefined
      ? await askHidden([passphraseText.newPrompt, passphraseText.repeatPrompt])
      : [fromFile(file)];
  if (Array.from(passphrase).length < fewestCharacters) throw passphraseText.tooShort(fewestCharacters);
  requireShort(passphrase);
  if (repeated !== undefined && repeated !== passphrase) throw passphraseText.differ;
  return passphrase;
}

/** The one line of a file that nobody else may read. */
function fromFile(file: string): string {
  const text = file === '-' ? readAll(0, 'the standard input') : fromPath(file);
  const line = text.replace(/\r?\n$/, '');
  if (line === '') throw passphraseText.empty;
  if (/[\r\n]/.test(line)) throw passphraseText.severalLines(file);
  return line;
}

function fromPath(file: string): string {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, 'r');
  } catch (error) {
    throw passphraseText.unreadable(file, errorCode(error) ?? 'unknown');
  }
  try {
    const { mode } = fs.fstatSync(descriptor);
    // A pipe, as of <(pass show ca), belongs to whoever reads it.
    if (fs.fstatSync(descriptor).isFile() && (mode & 0o077) !== 0) {
      throw passphraseText.tooOpen(file, mode & 0o777);
    }
    return readAll(descriptor, file);
  } finally {
    fs.closeSync(descriptor);
  }
}

function readAll(descriptor: number, file: string): string {
  let text: string;
  try {
    text = fs.readFileSync(descriptor, 'utf8');
  } catch (error) {
    throw passphraseText.unreadable(file, errorCode(error) ?? 'unknown');
  }
  if (Buffer.byteLength(text) > mostBytes) throw passphraseText.severalLines(file);
  return text;
}

/** What of a terminal's input is used. */
export type TerminalInput = Readable & {
  readonly isTTY?: boolean;
  setRawMode?: (raw: boolean) => unknown;
};

/**
 * Asks one question after another on a terminal that does not show what is typed. Backspace takes a character back,
 * Ctrl-U the line.
 *
 * @throws {UserError} where the input is no terminal, for Ctrl-C (exit code 130), and for an input that ends.
 */
export async function askHidden(
  questions: readonly string[],
  input: TerminalInput = process.stdin,
  output: Writable = process.stderr,
): Promise<string[]> {
  if (input.isTTY !== true || input.setRawMode === undefined) throw passphraseText.noTerminal;
  const answers: string[] = [];
  let line = '';
  input.setRawMode(true);
  input.setEncoding('utf8');
  try {
    output.write(questions[0] ?? '');
    for await (const chunk of input.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
      for (const character of chunk) {
        if (character === '\u0003') throw passphraseText.interrupted;
        if (character === '\u0004') throw passphraseText.empty;
        if (character === '\u0015') line = '';
        else if (character === '\u007f' || character === '\b') line = Array.from(line).slice(0, -1).join('');
        else if (character !== '\r' && character !== '\n') line += character;
        else {
          answers.push(line);
          line = '';
          output.write('\n');
          if (answers.length === questions.length) return answers;
          output.write(questions[answers.length] ?? '');
        }
      }
    }
    throw passphraseText.empty;
  } finally {
    input.setRawMode(false);
    input.pause();
  }
}
