import { describe, expect, it } from 'vitest';
import { markOf, needsApproval, type Mark } from '../../lib/review/change.ts';

describe('marks', () => {
  it.each<[Mark, boolean]>([
    ['widens', true],
    ['mayWiden', true],
    ['loses', true],
    ['narrows', false],
    ['neutral', false],
  ])('%s needs approval: %s', (mark, expected) => expect(needsApproval({ mark })).toBe(expected));

  it('what is added counts before what is taken', () => {
    expect([markOf(true, true), markOf(true, false), markOf(false, true), markOf(false, false)]).toEqual([
      'widens',
      'widens',
      'narrows',
      'neutral',
    ]);
  });
});
