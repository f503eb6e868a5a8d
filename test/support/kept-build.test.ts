import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keptBuild } from './kept-build.ts';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

describe('a build that is kept', () => {
  let folder: TemporaryFolder;
  let builds: number;

  beforeEach(async () => {
    folder = await temporaryFolder();
    builds = 0;
    vi.stubEnv('XDG_CACHE_HOME', folder.path);
    vi.spyOn(console, 'log').mockReturnValue();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await folder.remove();
  });

  const build = (recipe: unknown): Promise<string> =>
    keptBuild({
      name: 'thing',
      recipe,
      takes: 'a moment',
      build: async (draft, later) => {
        builds += 1;
        await writeFile(join(draft, 'content'), `${JSON.stringify(recipe)} ${later}`);
      },
    });
  const kept = (): Promise<string[]> => readdir(join(folder.path, 'review-hardening-kit'));

  test('is made once, also for several at a time, and knows where it will be', async () => {
    const [first, second] = await Promise.all([build(1), build(1)]);
    expect(second).toBe(first);
    expect(await build(1)).toBe(first);
    expect(builds).toBe(1);
    expect(await readFile(join(first, 'content'), 'utf8')).toBe(`1 ${first}`);
  });

  test('is made anew by another recipe, beside the old one', async () => {
    const homes = [await build(1), await build(2)];
    expect(new Set(homes).size).toBe(2);
    expect(await kept()).toHaveLength(2);
  });

  test('leaves nothing where it fails, and is tried again', async () => {
    const failing = keptBuild({
      name: 'thing',
      recipe: 1,
      takes: 'a moment',
      build: async (draft) => {
        await writeFile(join(draft, 'content'), 'half');
        throw new Error('no mirror');
      },
    });
    await expect(failing).rejects.toThrow('no mirror');
    expect(await kept()).toEqual([]);
    await build(1);
    expect(await kept()).toHaveLength(1);
  });

  test('clears away what a killed build of it left, and not that of another', async () => {
    const home = await build(1);
    const cache = join(folder.path, 'review-hardening-kit');
    await mkdir(join(cache, 'draft-thing-of-another-abcdef'));
    await mkdir(home.replace('thing-', 'draft-thing-').concat('-abcdef'));
    const other = await build(2);
    expect(await kept()).toHaveLength(4);
    await mkdir(other.replace('thing-', 'draft-thing-').concat('-abcdef'));
    await rm(other, { recursive: true });
    await build(2);
    expect(await kept()).toHaveLength(4);
  });
});
