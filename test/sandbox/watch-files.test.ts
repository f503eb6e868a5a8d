import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stampsOf, watchFiles } from '../../lib/sandbox/watch-files.ts';
import { signal, untilHolds } from '../gateway/support/waiting.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let first: string;
let second: string;
let stop: () => Promise<void> = () => Promise.resolve();
beforeEach(async () => {
  folder = await temporaryFolder();
  [first, second] = [join(folder.path, 'first'), join(folder.path, 'second')];
  await writeFile(first, '1');
  await writeFile(second, '1');
});
afterEach(async () => {
  await stop();
  await folder.remove();
});

test('tells a change that came between the stamps and the watch', async () => {
  const stamps = await stampsOf([first]);
  await writeFile(first, '2');
  let calls = 0;
  stop = watchFiles(stamps, () => Promise.resolve(void (calls += 1)));
  await untilHolds(() => calls === 1, 'the call');
});

test('calls once more for a change during a call, one call at a time', async () => {
  const running = signal();
  let [calls, atOnce, most] = [0, 0, 0];
  stop = watchFiles(await stampsOf([first]), async () => {
    calls += 1;
    atOnce += 1;
    most = Math.max(most, atOnce);
    await running.given;
    atOnce -= 1;
    return undefined;
  });
  await writeFile(first, '2');
  await untilHolds(() => calls === 1, 'the first call');
  await writeFile(first, '3');
  await sleep(600);
  running.give();
  await untilHolds(() => calls === 2, 'the second call');
  expect(most).toBe(1);
});

test('looks at the files that the last call named', async () => {
  let calls = 0;
  stop = watchFiles(await stampsOf([first]), () => Promise.resolve([[second], undefined][calls++]));
  await writeFile(first, '2');
  await untilHolds(() => calls === 1, 'the first call');
  await sleep(600);
  await writeFile(first, '3');
  await sleep(600);
  expect(calls).toBe(1);
  await writeFile(second, '2');
  await untilHolds(() => calls === 2, 'the second call');
});

test('tells a file that goes and one that comes back', async () => {
  let calls = 0;
  stop = watchFiles(await stampsOf([first]), () => Promise.resolve(void (calls += 1)));
  await rm(first);
  await untilHolds(() => calls === 1, 'the file to be missed');
  await writeFile(first, '1');
  await untilHolds(() => calls === 2, 'the file to be back');
});

test('ends when the running call has ended', async () => {
  const running = signal();
  let over = false;
  let begun = false;
  const end = watchFiles(await stampsOf([first]), async () => {
    begun = true;
    await running.given;
    over = true;
    return undefined;
  });
  await writeFile(first, '2');
  await untilHolds(() => begun, 'the call');
  const ended = end();
  running.give();
  await ended;
  expect(over).toBe(true);
});
