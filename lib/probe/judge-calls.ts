import type { Ask } from './context.ts';
import type { HttpOutcome } from './http.ts';
import { judgeRefusal } from './refusal.ts';

/** The answers to calls that must be refused, in words, by what became of them. */
export interface JudgedCalls {
  readonly refused: readonly string[];
  readonly otherwise: readonly string[];
  readonly redirected: readonly string[];
  readonly served: readonly string[];
  readonly answered: readonly string[];
  readonly unknown: readonly string[];
}

/** Makes the calls and sorts the answers. */
export async function judgeCalls(
  calls: readonly Ask[],
  ask: (call: Ask) => Promise<HttpOutcome>,
): Promise<JudgedCalls> {
  const judged = await Promise.all(
    calls.map(async (call) => {
      const { refusal, seen } = judgeRefusal(call.path, await ask(call));
      return { refusal, seen: `${call.method ?? 'GET'} ${call.path}: ${seen}` };
    }),
  );
  const of = (refusal: string): string[] =>
    judged.filter((answer) => answer.refusal === refusal).map((answer) => answer.seen);
  return {
    refused: of('refused'),
    otherwise: [...of('refused-otherwise'), ...of('redirect')],
    redirected: of('redirect'),
    served: of('served'),
    answered: of('answered'),
    unknown: of('unknown'),
  };
}
