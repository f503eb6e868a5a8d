import { isHostRefusal, isUpstreamFailure } from '../as-identity.ts';
import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { isReply } from '../http.ts';
import { byAnswer, shortAnswer } from '../judge-calls.ts';
import { brokenJson } from '../manual-calls.ts';
import { ollamaError } from '../recognise.ts';
import { describeOutcome } from '../scan.ts';

// With JSON that breaks off Ollama would answer 400 and neither delete nor pull anything.
const calls = [
  { method: 'DELETE', path: '/ollama/api/delete' },
  { method: 'POST', path: '/ollama/api/pull' },
] as const;

/** Whether calls that change models are refused to a good identity. */
export const forbiddenRoutes: Check = {
  id: 'forbidden-routes',
  title: 'Calls that change models: 403',
  area: 'client',
  needs: 'identity',
  run: async (context) => {
    const { identity, gatewayPort } = context.target;
    const answers = await Promise.all(
      calls.map(async (call) => {
        const outcome = await context.ask({ ...call, body: brokenJson, identity });
        const to = `${call.method} ${call.path}`;
        const words = { to, answer: shortAnswer(outcome), seen: `${to}: ${describeOutcome(outcome)}` };
        if (!isReply(outcome)) return { judged: 'unknown', ...words };
        const { status } = outcome;
        const reached =
          status < 300 ||
          isUpstreamFailure(outcome) ||
          isHostRefusal(outcome) ||
          ((status === 400 || status === 500) && ollamaError(outcome) !== undefined);
        if (reached) return { judged: 'forwarded', ...words };
        if (status === 403) return { judged: 'refused', ...words };
        if (status === 401 || status === 429 || status >= 500) return { judged: 'unknown', ...words };
        return { judged: 'otherwise', ...words };
      }),
    );
    const words = (judged: string): string =>
      answers
        .filter((answer) => answer.judged === judged)
        .map((answer) => answer.seen)
        .join('; ');
    const forwarded = words('forwarded');
    if (forwarded !== '')
      return fail(forwarded, [finding('mutating-route-forwarded', forwarded, gatewayPort)]);
    const otherwise = words('otherwise');
    if (otherwise !== '')
      return fail(otherwise, [finding('forbidden-route-not-403', otherwise, gatewayPort)]);
    return words('unknown') === '' ? pass(byAnswer(answers)) : unknown(words('unknown'));
  },
};
