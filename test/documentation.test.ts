import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { optionsTable } from '../scripts/documentation/options-table.ts';
import { withSection } from '../scripts/documentation/sections.ts';

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');

/** A formatter may pad the cells of a table, and the line below its head. */
const unpadded = (text: string): string => text.replace(/-{3,}/g, '---').replace(/ +/g, ' ');

const root = new URL('../', import.meta.url);

describe('the threat model', () => {
  const text = readFileSync(new URL('docs/threat-model.md', root), 'utf8');

  it.each([...new Set(text.match(/test\/[a-z0-9/-]+\.test\.ts/g))])(
    'names a test that is there: %s',
    (path) => {
      expect(existsSync(new URL(path, root))).toBe(true);
    },
  );
});

describe('the README', () => {
  it('has the options table that the schema gives (npm run documentation)', () => {
    expect(unpadded(readme)).toBe(unpadded(withSection(readme, 'options', optionsTable())));
  });

  it('names every runtime dependency', () => {
    const { dependencies } = JSON.parse(
      readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'),
    ) as { dependencies: Record<string, string> };
    for (const [name, version] of Object.entries(dependencies)) {
      expect(readme).toContain(name);
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });
});
