// @ts-check
import { fileURLToPath } from 'node:url';
import { runInForeground } from './foreground-command.mjs';
import { reportFailure, setUp } from './set-up.mjs';

/**
 * `npm start`: the set-up, then the sandbox in this terminal.
 *
 * @param {readonly string[]} args for the sandbox
 * @returns {Promise<number>} the exit code: the sandbox's, or 2 when the set-up could not be done
 */
export async function start(args) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const wantsHelp = args.includes('--help') || args.includes('-h');
  try {
    await setUp({ root, purpose: wantsHelp ? undefined : 'start' });
  } catch (error) {
    return reportFailure(error);
  }
  return runInForeground(['bin/hardening.js', 'sandbox', ...args], { folder: root, endWithParent: true });
}
