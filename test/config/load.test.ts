import { writeFile } from 'node:fs/promises';
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
      /ci: the key is written twice in one object \(line 2\)/,
    ],
    ['a syntax error', 'export default {', /failed while it was read/],
    ['an exception', 'throw new Error("no network here");', /no network here/],
    ['no default export', 'export const config = 1;', /has no default export/],
    ['a wrong value', `export default ${good.replace("'a.example'", '3')};`, /serverNames\[0\]/],
  ])('refuses %s', async (_what, source, message) => {
    await expect(loadConfig(await file(source))).rejects.toThrow(message);
  });

  it('says that a file is missing', async () => {
    await expect(loadConfig(join(folder.path, 'absent.ts'))).rejects.toThrow(/there is no such file/);
  });
});
