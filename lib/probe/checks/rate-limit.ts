import { isUpstreamFailure } from '../as-identity.ts';
import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { isReply, keptConnections, type HttpReply } from '../http.ts';
import { brokenJson } from '../manual-calls.ts';
import { describeOutcome, describeReply } from '../scan.ts';

/** How many requests are sent at most: four times the kit's burst of 10. */
const maxRequests = 40;
const connections = 5;
/** Slower than this, in requests per second, a burst of 10 with 5 per second refilled might never run out. */
const tellingRate = 15;

/**
 * Whether a burst of requests of one identity is answered with 429. The requests carry JSON that breaks off: Ollama
 * answers 400 before it looks for a model, so no inference is paid for. It ends at the first 429.
 */
export const rateLimit: Check = {
  id: 'rate-limit',
  title: 'Too many requests: 429',
  area: 'client',
  needs: 'identity',
  run: async (context) => {
    const { identity, gatewayPort: port } = context.target;
    const agent = keptConnections(connections);
    const started = performance.now();
    let sent = 0;
    let answered = 0;
    let limited: HttpReply | undefined;
    let odd: string | undefined;
    const worker = async (): Promise<void> => {
      while (limited === undefined && odd === undefined && sent < maxRequests) {
        sent += 1;
        const call = { method: 'POST', path: '/ollama/api/generate', body: brokenJson, identity, agent };
        const outcome = await context.ask(call);
        if (!isReply(outcome)) odd ??= describeOutcome(outcome);
        else if (outcome.status === 429) limited ??= outcome;
        else if (outcome.status === 400 || isUpstreamFailure(outcome)) answered += 1;
        else odd ??= describeReply(outcome);
      }
    };
    try {
      await Promise.all(Array.from({ length: connections }, worker));
    } finally {
      agent.destroy();
    }
    if (limited !== undefined) {
      const after = limited.headers['retry-after'];
      const seen = `429 after ${answered} requests`;
      if (after !== undefined) return pass(`${seen}, Retry-After: ${after}`);
      return fail(`${seen}, no Retry-After`, [finding('rate-limit-without-retry-after', seen, port)]);
    }
    if (odd !== undefined) return unknown(`POST /ollama/api/generate: ${odd}`);
    const seconds = (performance.now() - started) / 1000;
    const seen = `no 429 in ${answered} requests within ${seconds.toFixed(1)} s`;
    if (answered / seconds < tellingRate) return unknown(`${seen}: too slow from here to tell`);
    return fail(seen, [finding('no-rate-limit', seen, port)]);
  },
};
