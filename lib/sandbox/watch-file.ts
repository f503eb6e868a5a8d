import { unwatchFile, watchFile } from 'node:fs';

/** How often the file is looked at. Polling sees every editor's way to save, and network file systems too. */
const intervalMs = 250;

/**
 * Calls `changed` after each change of a file, one call at a time: a change during a call leads to one more call.
 *
 * @returns a function that ends the watch and settles when a running call has ended
 */
export function watch(file: string, changed: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let waiting = false;
  const onChange = (): void => {
    if (waiting) return;
    waiting = true;
    running = running.then(async () => {
      waiting = false;
      await changed();
    });
  };
  watchFile(file, { interval: intervalMs }, onChange);
  return async () => {
    unwatchFile(file, onChange);
    await running;
  };
}
