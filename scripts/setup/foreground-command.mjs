// @ts-check
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const PASSED_ON = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH']);

/**
 * One Ctrl-C arrives here twice under `npm start`: from the terminal and, a moment later, from npm, which repeats it.
 * A person's second Ctrl-C comes later than this.
 */
const SAME_SIGNAL_WINDOW_MS = 1000;

/**
 * Makes a test for repeated signals.
 *
 * @returns {(signal: NodeJS.Signals, nowMs: number) => boolean} true for a signal that follows the last one of its kind
 *   too closely to be another one; a change of the window's size is always another one
 */
export function repetitionTest() {
  /** @type {Map<NodeJS.Signals, number>} */
  const lastMs = new Map();
  return (signal, nowMs) => {
    if (signal === 'SIGWINCH') return false;
    const repeated = nowMs - (lastMs.get(signal) ?? -Infinity) < SAME_SIGNAL_WINDOW_MS;
    if (!repeated) lastMs.set(signal, nowMs);
    return repeated;
  };
}

/**
 * Runs a command of Node's in this terminal and waits for it.
 *
 * Each signal reaches it once: it runs in a process group of its own, where the terminal's Ctrl-C does not come, and
 * gets what this process gets, less the repetitions. Programs that it starts get no signal but its own.
 *
 * @param {readonly string[]} args of Node: its options, the script, the script's arguments
 * @param {{ folder: string, endWithParent?: boolean }} options `endWithParent`: when this process is gone without a
 *   word (SIGKILL), the command gets SIGTERM; off unless told
 * @returns {Promise<number>} its exit code, or 128 + the number of the signal that ended it
 */
export async function runInForeground(args, { folder, endWithParent = false }) {
  const preload = endWithParent ? ['--import', new URL('end-with-parent.mjs', import.meta.url).href] : [];
  const child = spawn(process.execPath, [...preload, ...args], {
    cwd: folder,
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', ...(endWithParent ? [/** @type {const} */ ('ipc')] : [])],
  });
  const isRepeated = repetitionTest();
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    if (!isRepeated(signal, performance.now())) child.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, passOn);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    });
  } finally {
    for (const signal of PASSED_ON) process.off(signal, passOn);
  }
}
