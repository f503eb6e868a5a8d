import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeStateDirectory } from '../../lib/sandbox/state-directory.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const program = fileURLToPath(new URL('support/take-folder-program.ts', import.meta.url));
/** Above every process id that Linux or macOS gives (2^22 at most, proc(5)). */
const deadProcess = '9999999\n';

interface Taker {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly line: () => Promise<string>;
}

let folder: TemporaryFolder;
const takers: Taker[] = [];
beforeEach(async () => (folder = await temporaryFolder()));
afterEach(async () => {
  for (const { child } of takers.splice(0)) {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  }
  await folder.remove();
});

async function startTaker(): Promise<Taker> {
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => String((await lines.next()).value);
  const taker = { child, line };
  takers.push(taker);
  expect(await line()).toBe('ready');
  return taker;
}

async function lockedByDead(name: string): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(path);
  await writeFile(join(path, 'sandbox.lock'), deadProcess);
  return path;
}

it('gives a folder that a dead process locked to one of several that want it at once', async () => {
  const rivals = await Promise.all([startTaker(), startTaker(), startTaker()]);
  for (let round = 0; round < 40; round++) {
    const path = await lockedByDead(`round-${round}`);
    for (const { child } of rivals) child.stdin.write(`${path}\n`);
    const outcomes = await Promise.all(rivals.map(({ line }) => line()));
    expect(outcomes.filter((outcome) => outcome === 'taken')).toHaveLength(1);
    for (const outcome of outcomes) {
      expect(outcome).toMatch(/^taken$|^refused: .*a sandbox with process id \d+ runs in/);
    }
    expect(await readdir(path)).toEqual(['sandbox.lock']);
  }
});

it('is free again when it was released', async () => {
  const path = join(folder.path, 'state');
  const first = await takeStateDirectory(path);
  await expect(takeStateDirectory(path)).rejects.toThrow(`a sandbox with process id ${process.pid} runs in`);
  await first.release();
  await (await takeStateDirectory(path)).release();
  expect(await readdir(path)).toEqual([]);
});

it('refuses a folder where a process was killed while it replaced the lock', async () => {
  const path = await lockedByDead('state');
  await writeFile(join(path, 'sandbox.lock.replacing'), deadProcess);
  await expect(takeStateDirectory(path)).rejects.toMatchObject({
    message: expect.stringContaining('sandbox.lock.replacing was left behind') as string,
    fix: expect.stringContaining('remove that file') as string,
  });
  expect((await readdir(path)).sort()).toEqual(['sandbox.lock', 'sandbox.lock.replacing']);
});

it('removes the sandbox.json of an ended sandbox', async () => {
  const path = await lockedByDead('state');
  await writeFile(join(path, 'sandbox.json'), '{}\n');
  const taken = await takeStateDirectory(path);
  expect(await readdir(path)).toEqual(['sandbox.lock']);
  await taken.release();
});
