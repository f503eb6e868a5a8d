import { variantNames as names, type BenchResults } from '../results.ts';

export interface Goal {
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean | undefined;
}

/** The project's goals against what was measured. Ratios are of CPU time for one request, which noise moves least. */
export function judgeGoals(results: BenchResults): Goal[] {
  const { toHaproxy, manyToOne, firstToken, reloads, renders, verdict } = results;
  const toBare = results.ratios.find(({ variant }) => variant === names.gateway(1))?.toBare;
  const token = (variant: string) => firstToken.find((one) => one.variant === variant)?.medianMs ?? NaN;
  const added = token(names.gateway(1)) - token(names.direct);
  const render = renders.find(({ services }) => services === 1_000)?.ms.median ?? NaN;
  const reload = reloads.find(({ identities }) => identities === 10_000)?.reloadMs.median ?? NaN;
  const seconds = typeof verdict === 'string' ? NaN : verdict.laterRunSeconds.median;
  return [
    atLeast('at least 0.90 of nginx without policy', toBare?.cpu?.median ?? NaN, 0.9),
    atLeast('at least 1.00 of HAProxy', toHaproxy?.cpu?.median ?? NaN, 1),
    below('first token under 0.3 ms later', added, 0.3, (value) => `${value.toFixed(2)} ms`),
    atLeast('10,000 identities within 5 % of one', manyToOne.cpu?.median ?? NaN, 0.95),
    below('reload with 10,000 identities under 200 ms', reload, 200, (value) => `${value.toFixed(0)} ms`),
    below('1,000 services rendered in under 1 s', render, 1_000, (value) => `${value.toFixed(0)} ms`),
    below('npm start to verdict in under 5 s', seconds, 5, (value) => `${value.toFixed(1)} s`),
  ];
}

function atLeast(goal: string, value: number, limit: number): Goal {
  return judged(goal, value, value >= limit, (ratio) => ratio.toFixed(2));
}

function below(goal: string, value: number, limit: number, format: (value: number) => string): Goal {
  return judged(goal, value, value < limit, format);
}

function judged(goal: string, value: number, met: boolean, format: (value: number) => string): Goal {
  return Number.isNaN(value)
    ? { goal, measured: 'not measured', met: undefined }
    : { goal, measured: format(value), met };
}
