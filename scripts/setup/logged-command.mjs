// @ts-check
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { messages } from './messages.mjs';
import { SetUpError } from './set-up-error.mjs';

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
const SHOWN_LINES = 30;

/** The set-up was ended by a signal. */
export class Interrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`ended by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Runs a command without input and with its output in a log file. The log is removed when the command succeeds; its
 * last lines are shown when it fails. A signal to this process goes to the command, which is waited for.
 *
 * @param {readonly string[]} command
 * @param {{ folder: string, what: string, show: (text: string) => void }} options `what`: the command's name in messages
 * @returns {Promise<string>} the output
 * @throws {SetUpError} when the command fails
 * @throws {Interrupted} when a signal came
 */
export async function runLogged([program = '', ...args], { folder, what, show }) {
  const logFolder = mkdtempSync(join(tmpdir(), 'review-hardening-kit-'));
  const log = join(logFolder, 'set-up.log');
  const output = openSync(log, 'w', 0o600);
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', output, output] });
  closeSync(output);

  /** @type {NodeJS.Signals | undefined} */
  let interruptedBy;
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    interruptedBy ??= signal;
    try {
      child.kill(signal);
    } catch {
      // A command under sudo belongs to root: it ends by itself, and is waited for.
    }
  };
  for (const signal of SIGNALS) process.on(signal, passOn);
  /** @type {number | string} */
  const status = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'no status'));
  });
  for (const signal of SIGNALS) process.off(signal, passOn);

  const text = readFileSync(log, 'utf8');
  if (interruptedBy !== undefined || status === 0) rmSync(logFolder, { recursive: true });
  if (interruptedBy !== undefined) throw new Interrupted(interruptedBy);
  if (status === 0) return text;
  show(text.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n'));
  const reason = typeof status === 'number' ? `exit code ${status}` : status;
  throw new SetUpError(messages.commandFailed(what, reason), messages.seeLog(log));
}
