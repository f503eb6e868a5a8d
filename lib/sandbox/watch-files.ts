import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often the files are looked at. Polling sees every editor's way to save, and network file systems too. */
const intervalMs = 250;

/** What tells one state of a file from another, by path. */
export type FileStamps = ReadonlyMap<string, string>;

/** Size, times and inode of each file; an empty text for one that is not there. */
export async function stampsOf(files: Iterable<string>): Promise<FileStamps> {
  const stamps = [...files].map(async (file) => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    return [
      file,
      found === undefined ? '' : `${found.size} ${found.mtimeNs} ${found.ctimeNs} ${found.ino}`,
    ] as const;
  });
  return new Map(await Promise.all(stamps));
}

/**
 * Calls `changed` after each change of the files since their stamps were taken, one call at a time: a change during
 * a call leads to one more.
 *
 * @param changed settles with the files to look at from then on; undefined for the same as before
 * @returns a function that ends the watch and settles when a running call has ended
 */
export function watchFiles(
  stamps: FileStamps,
  changed: () => Promise<readonly string[] | undefined>,
): () => Promise<void> {
  const stop = new AbortController();
  const watching = (async () => {
    let known = stamps;
    for (;;) {
      await sleep(intervalMs, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      const now = await stampsOf(known.keys());
      if ([...now].every(([file, stamp]) => known.get(file) === stamp)) continue;
      const files = (await changed()) ?? [...now.keys()];
      known = new Map([...(await stampsOf(files)), ...[...now].filter(([file]) => files.includes(file))]);
    }
  })();
  return async () => {
    stop.abort();
    await watching;
  };
}
