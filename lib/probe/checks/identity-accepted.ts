import { isUpstreamFailure, readAsIdentity } from '../as-identity.ts';
import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { isReply } from '../http.ts';
import { describeOutcome } from '../scan.ts';

/** Whether the given client certificate gets an answer of Ollama. */
export const identityAccepted: Check = {
  id: 'identity-accepted',
  title: 'Given identity: 200',
  area: 'client',
  needs: 'identity',
  run: async (context) => {
    const port = context.target.gatewayPort;
    const { outcomes, served } = await readAsIdentity(context);
    if (served !== undefined) return pass(`${served.path}: 200, ${served.evidence}`);
    const seen = outcomes.map(({ path, outcome }) => `${path}: ${describeOutcome(outcome)}`).join('; ');
    const replies = outcomes.map(({ outcome }) => outcome).filter(isReply);
    if (replies.some((reply) => reply.status === 401))
      return fail(seen, [finding('identity-refused', seen, port)]);
    if (replies.some(isUpstreamFailure)) return fail(seen, [finding('upstream-unavailable', seen, port)]);
    return unknown(seen);
  },
};
