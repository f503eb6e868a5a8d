import { describe, expect, it } from 'vitest';
import { optionsTable } from '../../scripts/documentation/options-table.ts';
import { comparedElsewhere, settings } from '../../lib/review/settings.ts';

/** Every field of a stack by its path; of a record or a list the field itself. */
const fields = [...optionsTable().matchAll(/^\| `stacks\.NAME\.([^`]+)`/gm)].map(([, path = '']) => path);
const isLeaf = (path: string): boolean => !fields.some((other) => other.startsWith(`${path}.`));
const isWithin = (path: string): boolean =>
  comparedElsewhere.some((one) => path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[]`));

describe('the table of settings', () => {
  it('has every field of a stack that nothing else compares, and no other', () => {
    expect(fields.length).toBeGreaterThan(80);
    const wanted = fields.filter((path) => isLeaf(path) && !isWithin(path) && !path.includes('[]'));
    expect(Object.keys(settings).sort()).toEqual(wanted.sort());
  });

  it('names nothing that is no field', () => {
    expect(comparedElsewhere.filter((path) => !fields.includes(path))).toEqual([]);
  });
});
