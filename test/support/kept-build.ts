import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { withLock } from '../../scripts/setup/lock.mjs';

/** What takes so long to build that it is kept for later runs. */
export interface KeptBuild {
  /** What it is, for people: first part of the folder's name, and in messages. */
  readonly name: string;
  /** All that the result depends on: another recipe has another folder. */
  readonly recipe: unknown;
  /** How long the first time takes, for the message. */
  readonly takes: string;
  /** Makes it in an empty folder of mode 0700, which then becomes `later`. */
  readonly build: (folder: string, later: string) => Promise<void>;
}

/** Where all builds are kept. */
function keptBuilds(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'review-hardening-kit');
}

/**
 * The folder with a build. It is built when it is first asked for, and kept in
 * ${XDG_CACHE_HOME:-~/.cache}/review-hardening-kit: remove it there to have it built again. Several processes at once
 * build it once; it is there whole or not at all. Never write to it.
 *
 * @throws what `build` throws
 */
export async function keptBuild({ name, recipe, takes, build }: KeptBuild): Promise<string> {
  const cache = keptBuilds();
  const hash = createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
  const home = join(cache, `${name}-${hash.slice(0, 16)}`);
  if (existsSync(home)) return home;
  await mkdir(cache, { recursive: true });
  await withLock(
    `${home}.lock`,
    (pid) => console.log(`waiting for process ${pid}, which builds ${name} …`),
    async () => {
      if (existsSync(home)) return;
      const draftName = `draft-${basename(home)}-`;
      // What a build left that was killed.
      for (const left of await readdir(cache)) {
        if (left.startsWith(draftName)) await rm(join(cache, left), { recursive: true });
      }
      const draft = await mkdtemp(join(cache, draftName));
      try {
        console.log(`building ${name} (${takes}, once) …`);
        await build(draft, home);
        await rename(draft, home);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    },
  );
  return home;
}
