import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { isReply } from '../http.ts';
import { describeOutcome } from '../scan.ts';
import { judgeStream } from '../stream-timing.ts';
import { TimedBody } from '../timed-body.ts';

/** How many tokens are asked for: enough to see a rhythm, little enough to cost nothing. */
const tokens = 32;

/**
 * Whether a stream arrives as it is made. Asks for gzip as Go's HTTP client does, LiveReview's among them, because a
 * gateway may hold tokens back to compress them.
 */
export const stream: Check = {
  id: 'stream',
  title: 'A stream arrives as it is made',
  area: 'client',
  needs: 'model',
  run: async (context) => {
    const { identity, model, gatewayPort, deadlineMs } = context.target;
    const body = new TimedBody();
    const outcome = await context.ask({
      method: 'POST',
      path: '/ollama/api/generate',
      body: JSON.stringify({
        model,
        prompt: 'Count from one to thirty.',
        stream: true,
        options: { num_predict: tokens },
      }),
      identity,
      headers: { 'accept-encoding': 'gzip' },
      // A model that has to be loaded first takes longer than a step; the deadline of the whole probe still holds.
      timeoutMs: deadlineMs,
      onData: (chunk) => body.add(chunk),
    });
    if (!isReply(outcome) || outcome.status !== 200) return unknown(describeOutcome(outcome));
    if (outcome.truncated) return unknown('the stream broke off');
    const compressed = outcome.headers['content-encoding'] === 'gzip';
    const judged = judgeStream(body.arrivals, await body.text());
    const seen = `${judged.seen}${compressed ? ', compressed' : ''}`;
    if (judged.outcome === 'fail') return fail(seen, [finding('stream-buffered', seen, gatewayPort)]);
    return judged.outcome === 'pass' ? pass(seen) : unknown(seen);
  },
};
