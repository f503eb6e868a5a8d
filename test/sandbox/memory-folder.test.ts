import { mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeMemoryFolder } from '../../lib/sandbox/memory-folder.ts';

const tmpfs = 0x01021994;
const typeOf = (folder: string): Promise<number> =>
  statfs(folder).then(
    ({ type }) => type,
    () => 0,
  );
const disk = (
  await Promise.all(
    [tmpdir(), process.cwd(), '/var/tmp'].map(async (folder) =>
      (await typeOf(folder)) === tmpfs ? undefined : folder,
    ),
  )
).find((folder) => folder !== undefined);
const missing = [
  ...(disk === undefined ? ['no folder on a disk to try'] : []),
  ...((await typeOf('/dev/shm')) === tmpfs ? [] : ['/dev/shm is no tmpfs here']),
];
if (missing.length > 0) console.warn(`skipped: ${missing.join(', ')}`);

describe.skipIf(missing.length > 0)("the folder for nginx's temporary files", () => {
  const made: string[] = [];
  afterEach(async () => {
    for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  async function onDisk(): Promise<string> {
    const folder = await mkdtemp(join(disk ?? '', 'rhk-'));
    made.push(folder);
    return folder;
  }

  async function make(parents: readonly string[]): Promise<{ folder: string; notices: string[] }> {
    const notices: string[] = [];
    const folder = await makeMemoryFolder({ parents, notice: (text) => notices.push(text) });
    made.push(folder);
    return { folder, notices };
  }

  it('is in memory where any parent is, whatever comes first', async () => {
    const first = await onDisk();
    const { folder, notices } = await make(['', first, '/dev/shm']);
    expect(dirname(folder)).toBe('/dev/shm');
    expect((await stat(folder)).mode & 0o777).toBe(0o711);
    expect(notices).toEqual([]);
    expect(await readdir(first)).toEqual([]);
  });

  it('says so where it is on a disk', async () => {
    const parent = await onDisk();
    const { folder, notices } = await make(['/absent', parent]);
    expect(dirname(folder)).toBe(parent);
    expect(notices).toEqual([expect.stringMatching(/may be written to a disk/)]);
    expect(notices[0]).toContain(folder);
  });

  it('is refused with what to do where there is no place for it', async () => {
    await expect(make(['/absent', '/proc'])).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('/absent, /proc') as string,
      fix: expect.stringContaining('TMPDIR') as string,
    });
  });
});
