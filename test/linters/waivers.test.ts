import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lintersTable, waiversTable } from '../../scripts/documentation/linters-tables.ts';
import { withSection } from '../../scripts/documentation/sections.ts';
import { linters } from './linters.ts';
import { clean, judge } from './support/finding.ts';
import { waivers, type Waiver } from './waivers.ts';

const root = new URL('../../', import.meta.url);

describe('the waivers', () => {
  it.each(waivers)('$linter $rule: says why', ({ reason }) => {
    expect(reason).toMatch(/^\S.{40,300}\.$/);
  });

  it('name a place once, for each rule', () => {
    const places = waivers.flatMap(({ linter, rule, where }) =>
      [where].flat().map((place) => `${linter} ${rule} ${place}`),
    );
    expect(new Set(places).size).toBe(places.length);
  });
});

describe('a waiver', () => {
  const waiver: Waiver = { linter: 'nft -c', rule: 'one', where: 'a/*.nft', reason: 'a test' };

  it('covers its rule in its place, and nothing else', () => {
    const found = { rule: 'one', where: 'a/b.nft' };
    expect(judge('nft -c', [found], [waiver])).toEqual(clean);
    for (const other of [
      { rule: 'two', where: 'a/b.nft' },
      { rule: 'one', where: 'b/a/b.nft' },
      { rule: 'one', where: 'a/bxnft' },
      { rule: 'one', where: 'a/b.nft.d' },
    ]) {
      expect(judge('nft -c', [found, other], [waiver]).left).toEqual([other]);
    }
  });

  it("is of no use to another linter's finding", () => {
    const found = { rule: 'one', where: 'a/b.nft' };
    expect(judge('sshd -t', [found], [waiver])).toEqual({ left: [found], unused: [] });
  });

  it('that covers nothing is told, in each of its places', () => {
    expect(judge('nft -c', [], [waiver]).unused).toHaveLength(1);
    const several = { ...waiver, where: ['a', 'b', 'c'] };
    const found = [{ rule: 'one', where: 'a' }];
    expect(judge('nft -c', found, [several]).unused.map(({ where }) => where)).toEqual(['b', 'c']);
  });
});

describe('docs/linters.md', () => {
  /** A formatter may pad the cells of a table, and escape in its own way. */
  const unpadded = (text: string): string =>
    text.replace(/-{3,}/g, '---').replace(/ +/g, ' ').replace(/\\/g, '');
  const text = readFileSync(new URL('docs/linters.md', root), 'utf8');

  it.each([
    ['linters', lintersTable],
    ['waivers', waiversTable],
  ])('has the table of the %s (npm run documentation)', (section, table) => {
    expect(unpadded(text)).toBe(unpadded(withSection(text, section, table())));
  });

  it('has every linter that there are waivers for, each with a test that is there', () => {
    expect(new Set(linters.map(({ linter }) => linter)).size).toBe(linters.length);
    for (const { linter } of waivers) expect(linters.map((one) => one.linter)).toContain(linter);
    for (const { test } of linters) expect(existsSync(new URL(test, root)), test).toBe(true);
  });
});
