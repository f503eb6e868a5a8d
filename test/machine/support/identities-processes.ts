import { readdirSync, readFileSync } from 'node:fs';

/** What was seen of the arguments of all processes, of the machine's and of this one's. */
export interface ProcessWatch {
  /** The command lines. */
  readonly seen: ReadonlySet<string>;
  stop(): void;
}

/** Looks at every process of this computer, those of machines included, twenty times a second. */
export function watchProcesses(): ProcessWatch {
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // It has ended.
      }
    }
  }, 50);
  return { seen, stop: () => clearInterval(timer) };
}
