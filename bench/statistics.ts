/**
 * The value below which the share `fraction` of the samples lies, by the nearest-rank method: always one of the
 * samples.
 *
 * @param fraction from 0 (the least) to 1 (the greatest)
 * @throws RangeError for no samples, a sample that is no number, or another fraction
 */
export function percentile(samples: readonly number[], fraction: number): number {
  if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`a fraction is from 0 to 1, got ${fraction}`);
  if (samples.some((sample) => Number.isNaN(sample))) throw new RangeError('a sample is no number');
  const sorted = Float64Array.from(samples).sort();
  const value = sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('there are no samples');
  return value;
}

/** The middle sample, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  const sorted = Float64Array.from(samples).sort();
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (lower === undefined || upper === undefined) throw new RangeError('there are no samples');
  return (lower + upper) / 2;
}

/** A typical value with how far the middle half of the samples lies apart. */
export interface Summary {
  readonly median: number;
  /** The interquartile range as a share of the median: 0.02 is 2 %. */
  readonly spread: number;
}

export function summarise(samples: readonly number[]): Summary {
  const middle = median(samples);
  const range = percentile(samples, 0.75) - percentile(samples, 0.25);
  return { median: middle, spread: middle === 0 ? 0 : range / Math.abs(middle) };
}

/**
 * Compares two series that were measured in turns: the ratio within each round, then the summary of the ratios, so
 * that what slowed a whole round cancels out.
 *
 * @throws RangeError for series of different lengths, or a zero to divide by
 */
export function pairedRatio(numerators: readonly number[], denominators: readonly number[]): Summary {
  if (numerators.length !== denominators.length) {
    throw new RangeError(`${numerators.length} rounds against ${denominators.length}`);
  }
  return summarise(
    numerators.map((numerator, round) => {
      const denominator = denominators[round] ?? 0;
      if (denominator === 0) throw new RangeError(`round ${round + 1} has nothing to divide by`);
      return numerator / denominator;
    }),
  );
}
