/** How a tool did over a set of stacks. */
export interface Score {
  readonly exposed: number;
  readonly found: number;
  readonly safe: number;
  readonly falseAlarms: number;
}

/** One judgement: whether a stack is exposed, and whether a tool says so. */
export interface Judgement {
  readonly isExposed: boolean;
  readonly isFound: boolean;
}

export function scoreOf(judgements: readonly Judgement[]): Score {
  const exposed = judgements.filter(({ isExposed }) => isExposed);
  const safe = judgements.filter(({ isExposed }) => !isExposed);
  const found = (some: readonly Judgement[]): number => some.filter(({ isFound }) => isFound).length;
  return { exposed: exposed.length, found: found(exposed), safe: safe.length, falseAlarms: found(safe) };
}

/** Recall with two digits, rounded down: 1.00 is all of them. */
export function recallText({ exposed, found }: Score): string {
  return exposed === 0 ? '-' : (Math.floor((found / exposed) * 100) / 100).toFixed(2);
}
