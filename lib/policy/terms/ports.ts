import type { Value } from '../stack.ts';
import { textOf } from '../values.ts';

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export const allPorts: PortRange = { first: 0, last: 65_535 };

/**
 * Reads `port_range` as DigitalOcean's API does: a port, two with a hyphen, `all`, or `0`, which is all as well. A list
 * with commas is read too. One that is left out counts as all.
 *
 * @returns undefined for what is not known or is no port
 */
export function parsePortRanges(value: Value | undefined): PortRange[] | undefined {
  if (value === undefined || value === null || value === '') return [allPorts];
  const text = textOf(value);
  if (text === undefined) return undefined;
  const ranges = text.split(',').map((part) => parseRange(part.trim().toLowerCase()));
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

function parseRange(text: string): PortRange | undefined {
  if (text === 'all' || text === '0' || text === '*') return allPorts;
  const match = /^(\d{1,5})(?:\s*[-:]\s*(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const ends = [Number(match[1]), Number(match[2] ?? match[1])];
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  return last > 65_535 ? undefined : { first, last };
}

export function hasPort(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ first, last }) => first <= port && port <= last);
}

/** How many different ports ranges have. */
export function countPorts(ranges: readonly PortRange[]): number {
  let count = 0;
  let end = -1;
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const from = Math.max(first, end + 1);
    if (last >= from) count += last - from + 1;
    end = Math.max(end, last);
  }
  return count;
}
