import fc from 'fast-check';
import { diffLines } from 'diff';
import { describe, expect, it } from 'vitest';
import type { StackConfig } from '../../lib/config/schema.ts';
import { renderer } from '../../lib/review/rendered-files.ts';
import { accepted, stackNames, stacks } from '../support/arbitrary-stacks.ts';

const added = 'added-service';
const render = renderer();

/** Lines that came and lines that went, of every file. */
function difference(
  name: string,
  before: StackConfig,
  after: StackConfig,
): { path: string; line: string; isNew: boolean }[] {
  const [was, is] = [render(name, before), render(name, after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((path) =>
    diffLines(was.get(path) ?? '', is.get(path) ?? '')
      .filter((part) => part.added || part.removed)
      .flatMap((part) =>
        part.value
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => ({ path, line, isNew: part.added })),
      ),
  );
}

describe('an added service', () => {
  it('changes only its own lines in each rendered file', () => {
    let compared = 0;
    fc.assert(
      fc.property(stackNames, stacks, (name, input) => {
        const before = accepted(name, input);
        if (before === undefined || Object.keys(before.services).length === 0 || added in before.services)
          return;
        const [like] = Object.values(before.services);
        if (like === undefined) return;
        const after = {
          ...before,
          services: { ...before.services, [added]: { ...like, generation: 1, overlap: false } },
        };
        compared++;
        for (const { path, line, isNew } of difference(name, before, after)) {
          expect({ path, line, isNew }).toMatchObject({ isNew: true });
          expect(line, path).toContain(added);
        }
      }),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(50);
  });

  it('with limits of its own adds lines alone', () => {
    const input = { gateway: { serverNames: ['a.example'] }, services: { ci: {} } };
    const before = accepted('trial', input);
    const after = accepted('trial', {
      ...input,
      services: { ci: {}, [added]: { concurrentStreams: 3 } },
    });
    if (before === undefined || after === undefined) throw new Error('the sample is refused');
    const found = difference('trial', before, after);
    expect(found.filter(({ isNew }) => !isNew)).toEqual([]);
    expect(found.filter(({ line }) => line.includes(added)).length).toBeGreaterThan(3);
  });
});
