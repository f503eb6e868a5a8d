import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for a busy machine: reaching it is a failure, never a measurement. */
const limitMs = 10_000;

/** Waits until `holds`; throws, naming `what` and what there is instead, when it does not within ten seconds. */
export async function untilHolds(
  holds: () => boolean | Promise<boolean>,
  what: string,
  instead: () => string = () => '',
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ten seconds for ${what} ${instead()}`);
    await sleep(5);
  }
}

/** The promise's value; throws, naming `what`, when it does not settle within ten seconds. */
export async function within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  const stop = new AbortController();
  const late = sleep(limitMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`waited ten seconds for ${what}`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
}

/** A signal from a test to an upstream's script, or back. */
export interface Signal {
  readonly given: Promise<void>;
  give(): void;
}

export function signal(): Signal {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
}
