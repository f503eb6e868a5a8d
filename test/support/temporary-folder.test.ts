import { execFileSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

test('a temporary folder is private, short and new each time, and goes with all it holds', async () => {
  const [one, two] = [await temporaryFolder(), await temporaryFolder()];
  expect(one.path).not.toBe(two.path);
  expect(statSync(one.path).mode & 0o777).toBe(0o700);
  // unix(7): a socket's path has 108 bytes, one of them NUL.
  expect(Buffer.byteLength(join(one.path, 'upstream.sock'))).toBeLessThan(108);
  writeFileSync(join(one.path, 'file'), '');
  await one.remove();
  await one.remove();
  expect(existsSync(one.path)).toBe(false);
  expect(existsSync(two.path)).toBe(true);
  await two.remove();
});

test('a folder that was forgotten goes when its process exits', () => {
  const module = pathToFileURL(join(import.meta.dirname, 'temporary-folder.ts')).href;
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const script = `const { temporaryFolder } = await import(${JSON.stringify(module)});
    const { path } = await temporaryFolder();
    const { existsSync } = await import('node:fs');
    console.log(JSON.stringify({ path, existed: existsSync(path) }));`;
  const output = execFileSync(process.execPath, [
    '--import',
    loader,
    '--input-type=module',
    '--eval',
    script,
  ]);
  const { path, existed } = JSON.parse(output.toString()) as { path: string; existed: boolean };
  expect(existed).toBe(true);
  expect(existsSync(path)).toBe(false);
});
