import type { Ask } from './context.ts';
import { isReply, type HttpOutcome } from './http.ts';
import { judgeRefusal } from './refusal.ts';
import { describeFailure } from './scan.ts';

/** The answers to calls that must be refused, in words, by what became of them. */
export interface JudgedCalls {
  readonly otherwise: readonly string[];
  readonly redirected: readonly string[];
  readonly served: readonly string[];
  readonly answered: readonly string[];
  readonly unknown: readonly string[];
  /** All of them in short: `401 to GET /, GET /ollama/api/tags`. */
  readonly summary: string;
}

/** The answer in a word or two: its status, or why there is none. */
export function shortAnswer(outcome: HttpOutcome): string {
  return isReply(outcome) ? String(outcome.status) : describeFailure(outcome);
}

/** Puts equal answers together: `401 to a, b; 403 to c`. */
export function byAnswer(answers: readonly { readonly to: string; readonly answer: string }[]): string {
  const groups = new Map<string, string[]>();
  for (const { to, answer } of answers) groups.set(answer, [...(groups.get(answer) ?? []), to]);
  return [...groups].map(([answer, list]) => `${answer} to ${list.join(', ')}`).join('; ');
}

/** Makes the calls and sorts the answers. */
export async function judgeCalls(
  calls: readonly Ask[],
  ask: (call: Ask) => Promise<HttpOutcome>,
): Promise<JudgedCalls> {
  const judged = await Promise.all(
    calls.map(async (call) => {
      const outcome = await ask(call);
      const { refusal, seen } = judgeRefusal(call.path, outcome);
      const to = `${call.method ?? 'GET'} ${call.path}`;
      return { refusal, seen: `${to}: ${seen}`, to, answer: shortAnswer(outcome) };
    }),
  );
  const of = (refusal: string): string[] =>
    judged.filter((answer) => answer.refusal === refusal).map((answer) => answer.seen);
  return {
    otherwise: [...of('refused-otherwise'), ...of('redirect')],
    redirected: of('redirect'),
    served: of('served'),
    answered: of('answered'),
    unknown: of('unknown'),
    summary: byAnswer(judged),
  };
}
