import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rulesTable } from '../../scripts/documentation/rules-table.ts';
import { withSection } from '../../scripts/documentation/sections.ts';

/** A formatter may pad the cells of a table, and escape in its own way. */
const unpadded = (text: string): string => text.replace(/-{3,}/g, '---').replace(/ +/g, ' ');

describe('docs/policy.md', () => {
  it('has the table that the rules give (npm run documentation)', () => {
    const text = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
    expect(unpadded(text)).toBe(unpadded(withSection(text, 'rules', rulesTable())));
  });
});
