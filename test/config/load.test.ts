import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../lib/config/load.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const good = `{ stacks: { production: { gateway: { serverNames: ['a.example'] }, services: { ci: {} } } } }`;

describe('loading a configuration file', () => {
  let folder: TemporaryFolder;
  let count = 0;
  beforeAll(async () => (folder = await temporaryFolder()));
  afterAll(() => folder.remove());

  async function file(source: string, name = `c${count++}.config.ts`): Promise<string> {
    const path = join(folder.path, name);
    await writeFile(path, source);
    return path;
  }

  it('runs TypeScript and fills in defaults', async () => {
    const { config } = await loadConfig(
      await file(`const config: unknown = ${good};\nexport default config;`),
    );
    expect(Object.keys(config.stacks)).toEqual(['production']);
  });

  it('reads a changed file anew, and what it imports', async () => {
    const imported = await file('export const name: string = "first.example";', 'names.ts');
    const path = await file(
      `import { name } from './names.ts';\nexport default ${good.replace("'a.example'", 'name')};`,
    );
    const first = await loadConfig(path);
    await writeFile(imported, 'export const name: string = "second.example";');
    const second = await loadConfig(path);
    expect(first.config.stacks['production']?.gateway.serverNames).toEqual(['first.example']);
    expect(second.config.stacks['production']?.gateway.serverNames).toEqual(['second.example']);
    expect([...second.files].sort()).toEqual([path, imported].sort());
  });

  it.each<[string, string, RegExp]>([
    [
      'a service written twice',
      `export default ${good.replace('ci: {}', 'ci: {},\n ci: {}')};`,
      /  stacks\.production\.services\.ci: the key is written twice in one object \(line 2\)/,
    ],
    [
      'a key written twice among letters that take more than a byte, beside another problem',
      `export default { /* ä€ */ stacks: { 'a': { gateway: { serverNames: [3] }, services: {
         /* é */ ci: {}, /* é */ 'ci': {} } } } };`,
      /stacks\.a\.services\.ci: the key is written twice[^]*stacks\.a\.gateway\.serverNames\[0\]/,
    ],
    [
      'a key written twice in an object that is not exported',
      `const helper = { x: 1, x: 2 }; export default ${good};`,
      /  x: the key is written twice/,
    ],
    ['a file that ends the process', `process.exit(0); export default ${good};`, /ended while it was read/],
    [
      'a file that waits for what never comes',
      `await new Promise(() => {}); export default ${good};`,
      /ended while it was read/,
    ],
    [
      'a throwing getter',
      `export default { get stacks() { throw new Error('no stacks'); } };`,
      /failed while it was read: no stacks/,
    ],
    [
      'a function',
      `export default ${good.replace('ci: {}', 'ci: () => 1')};`,
      /stacks\.production\.services\.ci is a function, which is no plain data/,
    ],
    [
      'an error thrown later',
      `setTimeout(() => { throw new Error('late'); }); await new Promise((go) => setTimeout(go, 9000)); export default ${good};`,
      /failed while it was read: late/,
    ],
    ['no number', `export default ${good.replace('ci: {}', 'ci: { generation: NaN }')};`, /got +NaN$/m],
    [
      'an infinity',
      `export default ${good.replace('ci: {}', 'ci: { generation: [-Infinity] }')};`,
      /got +\["?-Infinity"?\]$/m,
    ],
    ['a syntax error', 'export default {', /failed while it was read/],
    ['an exception', 'throw new Error("no network here");', /no network here/],
    ['no default export', 'export const config = 1;', /has no default export/],
    ['a wrong value', `export default ${good.replace("'a.example'", '3')};`, /serverNames\[0\]/],
  ])('refuses %s', async (_what, source, message) => {
    await expect(loadConfig(await file(source))).rejects.toThrow(message);
  });

  it.each([
    ['waits', 'setInterval(() => {}, 1000); await new Promise(() => {});'],
    ['computes', 'for (;;);'],
  ])('gives up a file that %s for ever', async (_what, source) => {
    const path = await file(`${source} export default ${good};`);
    await expect(loadConfig(path, { timeoutMs: 300 })).rejects.toThrow(
      /was still running after 0\.3 seconds/,
    );
  });

  it('ends when it is told to', async () => {
    const path = await file(
      `setInterval(() => {}, 1000); await new Promise(() => {}); export default ${good};`,
    );
    const ending = new AbortController();
    const loaded = loadConfig(path, { ending: ending.signal });
    ending.abort(new Error('told to end'));
    await expect(loaded).rejects.toThrow('told to end');
  });

  it('runs a package that is TypeScript', async () => {
    const folderOfPackage = join(folder.path, 'node_modules', 'typed');
    await mkdir(folderOfPackage, { recursive: true });
    await writeFile(join(folderOfPackage, 'package.json'), '{"type":"module","exports":"./index.ts"}');
    await writeFile(join(folderOfPackage, 'index.ts'), 'export const names: string[] = ["b.example"];');
    const source = `import { names } from 'typed';\nexport default ${good.replace("['a.example']", 'names')};`;
    const { config } = await loadConfig(await file(source));
    expect(config.stacks['production']?.gateway.serverNames).toEqual(['b.example']);
  });

  it('says that a folder is none', async () => {
    await expect(loadConfig(folder.path)).rejects.toThrow(/is no file but a folder/);
  });

  it('says that a file is missing', async () => {
    await expect(loadConfig(join(folder.path, 'absent.ts'))).rejects.toThrow(/there is no such file/);
  });
});
