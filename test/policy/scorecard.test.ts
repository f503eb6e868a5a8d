import { describe, expect, it } from 'vitest';
import { judgeByKit } from '../../scripts/scorecard/kit.ts';
import { recallText, scoreOf } from '../../scripts/scorecard/score.ts';
import { corpus } from './corpus/index.ts';

describe('the scorecard of this kit', () => {
  it('is a recall of 1.00 with no false alarm', () => {
    const score = scoreOf(Object.values(corpus).flat().flatMap(judgeByKit));
    expect(recallText(score)).toBe('1.00');
    expect(score.falseAlarms).toBe(0);
    expect(score.exposed).toBeGreaterThan(200);
    expect(score.safe).toBeGreaterThan(100);
  });

  it('counts a miss, and does not round it away', () => {
    const missed = Array.from({ length: 1_000 }, (_, index) => ({ isExposed: true, isFound: index > 0 }));
    expect(recallText(scoreOf(missed))).toBe('0.99');
    expect(scoreOf([{ isExposed: false, isFound: true }]).falseAlarms).toBe(1);
  });
});
