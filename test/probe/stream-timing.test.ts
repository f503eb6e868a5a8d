import { once } from 'node:events';
import { createGzip, constants } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { judgeStream } from '../../lib/probe/stream-timing.ts';
import { TimedBody } from '../../lib/probe/timed-body.ts';

const parts = (count: number, evalMs?: number): string =>
  [
    ...Array.from({ length: count - 1 }, (_, index) =>
      JSON.stringify({ response: `w${index}`, done: false }),
    ),
    JSON.stringify({ done: true, ...(evalMs === undefined ? {} : { eval_duration: evalMs * 1e6 }) }),
  ].join('\n');
const at = (...times: number[]): { atMs: number; bytes: number }[] =>
  times.map((atMs) => ({ atMs, bytes: 40 }));

describe('judging a stream', () => {
  test.each([
    {
      what: 'arrives as it was made',
      arrivals: at(0, 100, 200, 300, 400),
      text: parts(5, 400),
      expected: 'pass',
    },
    { what: 'arrives at the end, in one piece', arrivals: at(400), text: parts(5, 400), expected: 'fail' },
    {
      what: 'arrives at the end, in many pieces',
      arrivals: at(400, 401, 402, 403, 404),
      text: parts(5, 400),
      expected: 'fail',
    },
    { what: 'arrives in two halves', arrivals: at(0, 400), text: parts(5, 400), expected: 'unknown' },
    {
      what: 'arrives somewhat late',
      arrivals: at(0, 30, 60, 90, 150),
      text: parts(5, 400),
      expected: 'unknown',
    },
    { what: 'has too few parts', arrivals: at(0, 400), text: parts(2, 400), expected: 'unknown' },
    { what: 'was made too quickly', arrivals: at(10), text: parts(5, 20), expected: 'unknown' },
    {
      what: 'does not say how long it took',
      arrivals: at(0, 100, 200, 300),
      text: parts(5),
      expected: 'unknown',
    },
    { what: 'is no JSON', arrivals: at(0, 100, 200, 300), text: 'a\nb\nc\nd\ne', expected: 'unknown' },
    { what: 'is empty', arrivals: [], text: '', expected: 'unknown' },
  ])('one that $what: $expected', ({ arrivals, text, expected }) => {
    expect(judgeStream(arrivals, text).outcome).toBe(expected);
  });
});

describe('the pieces of a body', () => {
  async function gzipped(texts: readonly string[], flush: boolean): Promise<Buffer[]> {
    const gzip = createGzip();
    const pieces: Buffer[] = [];
    gzip.on('data', (piece: Buffer) => pieces.push(piece));
    for (const text of texts) {
      gzip.write(text);
      if (flush) await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, resolve));
    }
    gzip.end();
    await once(gzip, 'close');
    return pieces;
  }

  test('plain text: each piece counts', async () => {
    const body = new TimedBody();
    body.add(Buffer.from('{"a":1}\n'));
    body.add(Buffer.from('{"b":2}\n'));
    expect(await body.text()).toBe('{"a":1}\n{"b":2}\n');
    expect(body.arrivals).toHaveLength(2);
  });

  test('gzip that is flushed after each part: each part counts', async () => {
    const body = new TimedBody();
    for (const piece of await gzipped(['one\n', 'two\n', 'three\n'], true)) body.add(piece);
    expect(await body.text()).toBe('one\ntwo\nthree\n');
    expect(body.arrivals.length).toBeGreaterThanOrEqual(3);
  });

  test('gzip that is held back: its early header is no piece', async () => {
    const body = new TimedBody();
    const [first = Buffer.alloc(0), ...rest] = await gzipped(['one\n', 'two\n'], false);
    body.add(first.subarray(0, 10));
    body.add(Buffer.concat([first.subarray(10), ...rest]));
    expect(await body.text()).toBe('one\ntwo\n');
    expect(body.arrivals).toHaveLength(1);
  });

  test('a bomb is cut off', async () => {
    const body = new TimedBody();
    for (const piece of await gzipped(['0'.repeat(50_000_000)], false)) body.add(piece);
    expect((await body.text()).length).toBeLessThanOrEqual(64 * 1024);
  });

  test.each([['broken gzip', Buffer.from([0x1f, 0x8b, 1, 2, 3])]])(
    '%s gives no text and no error',
    async (_what, bytes) => {
      const body = new TimedBody();
      body.add(bytes);
      expect(await body.text()).toBe('');
    },
  );
});
