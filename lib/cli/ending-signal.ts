import { ExitCode } from '../messages/user-error.ts';

/** One Ctrl-C can arrive twice: from the terminal and, a moment later, from npm, which passes it on. */
const sameSignalMs = 500;

/** Why a command that was told to end did not come to its answer. */
export class Ended extends Error {
  override readonly name = 'Ended';
}

/**
 * Aborts at the first Ctrl-C, kill or hang-up, with {@link Ended} as the reason, so that the command ends in order. At
 * the second, half a second later or more, the process exits at once with 130; what it started ends by its watchdog.
 */
export function endingSignal(): AbortSignal {
  const ending = new AbortController();
  let firstMs = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!ending.signal.aborted) {
        firstMs = performance.now();
        ending.abort(new Ended(signal));
      } else if (performance.now() - firstMs >= sameSignalMs) process.exit(ExitCode.interrupted);
    });
  }
  return ending.signal;
}

/** Settles when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((settle) => {
    if (signal.aborted) settle();
    else signal.addEventListener('abort', () => settle(), { once: true });
  });
}
