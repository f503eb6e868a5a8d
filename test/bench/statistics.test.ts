import { describe, expect, it } from 'vitest';
import { median, pairedRatio, percentile, summarise } from '../../bench/statistics.ts';

const oneToHundred = Array.from({ length: 100 }, (_, index) => 100 - index);

describe('percentile', () => {
  it.each([
    { samples: [7], fraction: 0.99, wanted: 7 },
    { samples: oneToHundred, fraction: 0.5, wanted: 50 },
    { samples: oneToHundred, fraction: 0.99, wanted: 99 },
    { samples: oneToHundred, fraction: 1, wanted: 100 },
    { samples: oneToHundred, fraction: 0, wanted: 1 },
    // As text, 10 would come before 9.
    { samples: [10, 9, 100], fraction: 0.34, wanted: 10 },
  ])('of $samples.length samples at $fraction is $wanted', ({ samples, fraction, wanted }) => {
    expect(percentile(samples, fraction)).toBe(wanted);
  });

  it('leaves the samples in their order', () => {
    const samples = [3, 1, 2];
    percentile(samples, 0.5);
    expect(samples).toEqual([3, 1, 2]);
  });

  it.each([
    { name: 'no samples', samples: [], fraction: 0.5 },
    { name: 'a sample that is no number', samples: [1, NaN], fraction: 0.5 },
    { name: 'a fraction over 1', samples: [1], fraction: 99 },
    { name: 'a fraction that is no number', samples: [1], fraction: NaN },
  ])('refuses $name', ({ samples, fraction }) => {
    expect(() => percentile(samples, fraction)).toThrow(RangeError);
  });
});

describe('median', () => {
  it.each([
    { samples: [5], wanted: 5 },
    { samples: [9, 1, 5], wanted: 5 },
    { samples: [1, 100, 2, 3], wanted: 2.5 },
  ])('of $samples is $wanted', ({ samples, wanted }) => {
    expect(median(samples)).toBe(wanted);
  });

  it('refuses no samples', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('summarise', () => {
  it('gives the interquartile range as a share of the median', () => {
    expect(summarise([8, 9, 10, 11, 12])).toEqual({ median: 10, spread: 0.2 });
  });

  it('lets one disturbed sample move neither', () => {
    expect(summarise([10, 10, 10, 10, 1_000])).toEqual({ median: 10, spread: 0 });
  });
});

describe('pairedRatio', () => {
  it('compares round by round, so that a slow round cancels out', () => {
    // The second round was ten times slower for both.
    expect(pairedRatio([80, 8, 80], [100, 10, 100])).toEqual({ median: 0.8, spread: 0 });
  });

  it.each([
    { name: 'another number of rounds', numerators: [1, 2], denominators: [1] },
    { name: 'a zero to divide by', numerators: [1], denominators: [0] },
    { name: 'no rounds', numerators: [], denominators: [] },
  ])('refuses $name', ({ numerators, denominators }) => {
    expect(() => pairedRatio(numerators, denominators)).toThrow(RangeError);
  });
});
