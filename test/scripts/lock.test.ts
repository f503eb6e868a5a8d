import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { processStartTime, withLock } from '../../scripts/setup/lock.mjs';

const folder = mkdtempSync(join(tmpdir(), 'kit-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

let file = '';
beforeEach(() => {
  file = join(mkdtempSync(join(folder, 'case-')), 'lock');
});

const nobodyWaits = (pid: number) => {
  throw new Error(`waited for ${pid}`);
};

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

describe('the lock of the set-up', () => {
  it('is there during the task and gone after it', async () => {
    const during = await withLock(file, nobodyWaits, () => Promise.resolve(readFileSync(file, 'utf8')));
    expect(JSON.parse(during)).toMatchObject({ pid: process.pid });
    expect(existsSync(file)).toBe(false);
  });

  it('is gone after a task that fails', async () => {
    const task = withLock(file, nobodyWaits, () => Promise.reject(new Error('no')));
    await expect(task).rejects.toThrow('no');
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ['a dead process', () => JSON.stringify({ pid: deadPid(), startTime: '1' })],
    [
      'an earlier process with the id of a present one',
      () => JSON.stringify({ pid: process.pid, startTime: '1' }),
    ],
    ['no process: nothing in it', () => ''],
    ['no process: no JSON in it', () => 'locked'],
  ])('is taken over from %s', async (_name, content) => {
    writeFileSync(file, content());
    await expect(withLock(file, nobodyWaits, () => Promise.resolve('done'))).resolves.toBe('done');
  });

  it('makes a second one wait, and says for whom', async () => {
    const order: string[] = [];
    const waitedFor: number[] = [];
    let second: Promise<void> | undefined;
    await withLock(file, nobodyWaits, async () => {
      second = withLock(
        file,
        (pid) => waitedFor.push(pid),
        () => Promise.resolve(void order.push('second')),
      );
      while (waitedFor.length === 0) await new Promise((done) => setTimeout(done, 5));
      order.push('first');
    });
    await second;
    expect(order).toEqual(['first', 'second']);
    expect(waitedFor).toEqual([process.pid]);
  });

  it('lets one at a time through, also when several find a stale one', async () => {
    writeFileSync(file, JSON.stringify({ pid: deadPid(), startTime: '1' }));
    const log = join(folder, 'log');
    const script = `
      import { appendFileSync } from 'node:fs';
      import { withLock } from '${new URL('../../scripts/setup/lock.mjs', import.meta.url).href}';
      for (let round = 0; round < 3; round += 1) {
        await withLock(${JSON.stringify(file)}, () => {}, async () => {
          appendFileSync(${JSON.stringify(log)}, 'in ');
          await new Promise((done) => setTimeout(done, 5));
          appendFileSync(${JSON.stringify(log)}, 'out ');
        });
      }`;
    const processes = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(
      processes.map(async (child) => ((await once(child, 'exit')) as [number])[0]),
    );
    expect(codes).toEqual(processes.map(() => 0));
    expect(readFileSync(log, 'utf8')).toBe('in out '.repeat(18));
  });
});

describe('the start time of a process', () => {
  it('stays the same', () => {
    expect(processStartTime(process.pid)).toMatch(/./);
    expect(processStartTime(process.pid)).toBe(processStartTime(process.pid));
  });

  it('is absent for a process that has ended', () => {
    expect(processStartTime(deadPid())).toBeUndefined();
  });
});
