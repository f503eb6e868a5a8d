import { isHostRefusal, readAsIdentity } from '../as-identity.ts';
import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { isReply } from '../http.ts';
import { brokenJson } from '../manual-calls.ts';
import { ollamaError } from '../recognise.ts';
import { describeOutcome } from '../scan.ts';

/** Whether Ollama gets a Host header that it takes. */
export const hostRewrite: Check = {
  id: 'host-rewrite',
  title: 'Host header is rewritten',
  area: 'client',
  needs: 'identity',
  run: async (context) => {
    const { identity, gatewayPort } = context.target;
    const { outcomes, served } = await readAsIdentity(context);
    if (served !== undefined) return pass(`${served.path}: 200`);
    const replies = outcomes.map(({ outcome }) => outcome).filter(isReply);
    const refused = '403 without a body';
    if (replies.some(isHostRefusal))
      return fail(refused, [finding('host-not-rewritten', refused, gatewayPort)]);
    // An identity that may run models but not list them is told apart by Ollama's complaint of broken JSON.
    const call = { method: 'POST', path: '/ollama/api/generate', body: brokenJson, identity };
    const outcome = await context.ask(call);
    const seen = `POST ${call.path}: ${describeOutcome(outcome)}`;
    if (!isReply(outcome)) return unknown(seen);
    if (isHostRefusal(outcome)) return fail(refused, [finding('host-not-rewritten', refused, gatewayPort)]);
    return outcome.status === 400 && ollamaError(outcome) !== undefined ? pass(seen) : unknown(seen);
  },
};
