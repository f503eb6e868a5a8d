import { gunzipSync } from 'node:zlib';
import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { isReply } from '../http.ts';
import { describeOutcome } from '../scan.ts';
import { judgeStream } from '../stream-timing.ts';
import { maxReadBytes } from '../tcp.ts';

/** How many tokens are asked for: enough to see a rhythm, little enough to cost nothing. */
const tokens = 32;

/**
 * Whether a stream arrives as it is made. Asks for gzip as Go's HTTP client does, LiveReview's among them, because a
 * gateway that compresses bunches the tokens just as one that buffers.
 */
export const stream: Check = {
  id: 'stream',
  title: 'A stream arrives as it is made',
  needs: 'model',
  run: async (context) => {
    const { identity, model, gatewayPort, deadlineMs } = context.target;
    const arrivals: { readonly atMs: number; readonly bytes: number }[] = [];
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
      onData: (chunk) => arrivals.push({ atMs: performance.now(), bytes: chunk.length }),
    });
    if (!isReply(outcome) || outcome.status !== 200) return unknown(describeOutcome(outcome));
    if (outcome.truncated) return unknown('the stream broke off');
    const compressed = outcome.headers['content-encoding'] === 'gzip';
    const text = compressed
      ? gunzipSync(outcome.bytes, { maxOutputLength: maxReadBytes }).toString('utf8')
      : outcome.body;
    const judged = judgeStream(arrivals, text);
    const seen = `${judged.seen}${compressed ? ', compressed' : ''}`;
    if (judged.outcome === 'fail') return fail(seen, [finding('stream-buffered', seen, gatewayPort)]);
    return judged.outcome === 'pass' ? pass(seen) : unknown(seen);
  },
};
