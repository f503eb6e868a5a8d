import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ScriptedReply } from '../support/recording-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openClient, protocols, type Client, type ClientRequest, type Protocol } from './support/client.ts';
import { signal, untilHolds } from './support/waiting.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

const chat: ClientRequest = { path: '/ollama/api/chat', body: '{"prompt":"p"}' };
const open = async (protocol: Protocol): Promise<Client> =>
  openClient(gateway, { protocol, identity: await gateway.identity('ci') });

const contentTypes = {
  NDJSON: { type: 'application/x-ndjson', piece: (n: number) => `{"response":"token ${n}","done":false}\n` },
  SSE: { type: 'text/event-stream', piece: (n: number) => `data: {"token":${n}}\n\n` },
};

describe.each(protocols)('over %s', (protocol) => {
  test.each(
    Object.entries(contentTypes).flatMap(([name, content]) => [
      { name, ...content, with: 'as usual', sent: {}, got: {} },
      { name, ...content, with: 'to a client that takes gzip', sent: { 'accept-encoding': 'gzip' }, got: {} },
      {
        name,
        ...content,
        with: 'though the upstream wants it buffered',
        sent: {},
        got: { 'X-Accel-Buffering': 'yes', 'X-Accel-Limit-Rate': '1' },
      },
    ]),
  )('each piece of $name arrives before the upstream sends the next, $with', async (row) => {
    const pieces = 8;
    const seen = Array.from({ length: pieces }, signal);
    gateway.upstream.respond('/api/chat', () => ({
      headers: [['Content-Type', row.type], ...Object.entries(row.got)],
      body: (async function* () {
        for (const [number, at] of seen.entries()) {
          yield row.piece(number);
          // The next one leaves only when the client has this one.
          await at.given;
        }
      })(),
    }));
    const client = await open(protocol);
    try {
      const stream = client.exchange({ ...chat, headers: row.sent });
      let expected = '';
      for (const [number, at] of seen.entries()) {
        expected += row.piece(number);
        await stream.until(() => stream.received.length >= expected.length);
        expect(String(stream.received)).toBe(expected);
        at.give();
      }
      await stream.ended();
      expect(stream.outcome).toBe('complete');
      expect(stream.status).toBe(200);
      expect(stream.headers['content-type']).toBe(row.type);
      expect(stream.headers['content-encoding']).toBeUndefined();
      expect(String(stream.received)).toBe(expected);
    } finally {
      for (const at of seen) at.give();
      client.close();
    }
  });

  test.each<[string, ScriptedReply, number, string, string]>([
    [
      'an error of Ollama',
      { status: 404, body: '{"error":"model not found"}' },
      404,
      'application/json',
      '{"error":"model not found"}',
    ],
    [
      'a bad request',
      { status: 400, body: '{"error":"missing"}' },
      400,
      'application/json',
      '{"error":"missing"}',
    ],
    [
      'a full queue',
      { status: 503, body: '{"error":"server busy"}' },
      503,
      'application/json',
      '{"error":"server busy"}',
    ],
    ['a crash', { status: 500, body: '{"error":"crashed"}' }, 500, 'application/json', '{"error":"crashed"}'],
    [
      "the upstream's own 502",
      { status: 502, body: '{"error":"of its own"}' },
      502,
      'application/json',
      '{"error":"of its own"}',
    ],
    [
      'text with a charset',
      { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: 'Ollama is running' },
      200,
      'text/plain; charset=utf-8',
      'Ollama is running',
    ],
    [
      "the upstream's own 401",
      { status: 401, body: '{"error":"of its own"}' },
      401,
      'application/json',
      '{"error":"of its own"}',
    ],
    [
      "the upstream's own 429",
      { status: 429, body: '{"error":"of its own"}' },
      429,
      'application/json',
      '{"error":"of its own"}',
    ],
  ])('%s passes unchanged', async (_name, reply, status, type, body) => {
    gateway.upstream.respond('/api/chat', reply);
    const client = await open(protocol);
    const answer = await client.ask(chat);
    client.close();
    expect([answer.status, answer.headers['content-type'], String(answer.received)]).toEqual([
      status,
      type,
      body,
    ]);
  });

  test('a client that goes away in mid-stream ends the request at the upstream', async () => {
    const ended = signal();
    gateway.upstream.respond('/api/chat', () => ({
      body: (async function* () {
        try {
          // Ends by itself only after longer than the test waits.
          for (let number = 0; number < 3_000; number += 1) {
            yield `{"token":${number}}\n`;
            await sleep(10);
          }
        } finally {
          ended.give();
        }
      })(),
    }));
    const client = await open(protocol);
    const stream = client.exchange(chat);
    await stream.until(() => stream.received.includes('token'));
    stream.abort();
    let over = false;
    void ended.given.then(() => (over = true));
    await untilHolds(() => over, 'the upstream to lose its client');
    client.close();
  });

  test('a client that goes away before the first token ends the request at the upstream', async () => {
    const [begun, release, ended] = [signal(), signal(), signal()];
    let sent = 0;
    gateway.upstream.respond('/api/chat', async () => {
      begun.give();
      await release.given;
      return {
        body: (async function* () {
          try {
            for (; sent < 3_000; sent += 1) {
              yield 'token';
              await sleep(1);
            }
          } finally {
            ended.give();
          }
        })(),
      };
    });
    const before = (await gateway.accessLog()).length;
    const client = await open(protocol);
    const stream = client.exchange(chat);
    await begun.given;
    stream.abort();
    // nginx is done with the request, its connection to the upstream included, while the upstream still works on it.
    await untilHolds(async () => (await gateway.accessLog()).length > before, 'the line of the request');
    expect((await gateway.accessLog()).at(-1)?.['status']).toBe(499);
    release.give();
    await ended.given;
    expect(sent).toBeLessThan(3_000);
    client.close();
  });

  test.each<[string, ScriptedReply]>([
    [
      'between two chunks',
      { body: ['{"token":1}\n', '{"token":2}\n'], cutAfterBytes: 110, connection: 'reset' },
    ],
    [
      'within a chunk',
      {
        raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"token":1}\n',
        connection: 'close',
      },
    ],
    [
      'short of its length',
      { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"token":1}\n', connection: 'close' },
    ],
    [
      'by a reset, short of its length',
      { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"token":1}\n', connection: 'reset' },
    ],
  ])('an upstream that dies %s never looks like a whole answer', async (_name, reply) => {
    gateway.upstream.respond('/api/chat', reply);
    const client = await open(protocol);
    const answer = await client.ask(chat);
    client.close();
    expect(answer.outcome).toBe('aborted');
    await gateway.upstream.settle();
    expect(gateway.upstream.requests).toHaveLength(1);
  });

  test.each<[string, ClientRequest, ScriptedReply]>([
    ['a reset', chat, { raw: '', connection: 'reset' }],
    ['a close', chat, { raw: '', connection: 'close' }],
    ['half a head', chat, { raw: 'HTTP/1.1 200 OK\r\nContent-', connection: 'close' }],
    ['a reset, to GET', { path: '/ollama/api/tags' }, { raw: '', connection: 'reset' }],
    ['a close, to GET', { path: '/ollama/api/tags' }, { raw: '', connection: 'close' }],
  ])(
    'a request that the upstream answers with %s is 502 and not sent again',
    async (_name, request, reply) => {
      const client = await open(protocol);
      // So that there is a kept connection, whose end nginx might take for a reason to try another.
      expect((await client.ask({ path: '/ollama/api/version' })).status).toBe(200);
      gateway.upstream.respond(request.path.replace('/ollama', ''), reply);
      const answer = await client.ask(request);
      client.close();
      expect(answer.status).toBe(502);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(JSON.parse(String(answer.received))).toEqual({ error: expect.any(String) as string });
      await gateway.upstream.settle();
      expect(gateway.upstream.requests).toHaveLength(2);
    },
  );

  test('streams share the gateway: none waits for another', async () => {
    const held = Array.from({ length: 10 }, signal);
    let next = 0;
    gateway.upstream.respond('/api/chat', () => {
      const mine = held[next++];
      return {
        body: (async function* () {
          yield 'begun';
          await mine?.given;
        })(),
      };
    });
    const client = await open(protocol);
    try {
      const streams = held.map(() => client.exchange(chat));
      for (const stream of streams) await stream.until(() => stream.received.includes('begun'));
      // The last is let go first.
      held.at(-1)?.give();
      await untilHolds(() => streams.some(({ outcome }) => outcome === 'complete'), 'the end of one');
      expect(streams.filter(({ outcome }) => outcome !== undefined)).toHaveLength(1);
      for (const one of held) one.give();
      for (const stream of streams) expect((await stream.ended()).outcome).toBe('complete');
    } finally {
      for (const one of held) one.give();
      client.close();
    }
  });
});

// Over HTTP/2 nginx (1.22.1) keeps the head in its TLS buffer until the first piece.
test('over HTTP/1.1 the head arrives before the first piece', async () => {
  const release = signal();
  gateway.upstream.respond('/api/chat', () => ({
    headers: [['Content-Type', 'application/x-ndjson']],
    body: (async function* () {
      await release.given;
      yield '{}\n';
    })(),
  }));
  const client = await open('HTTP/1.1');
  try {
    const stream = client.exchange(chat);
    await stream.until(() => stream.status === 200);
    release.give();
    expect(String((await stream.ended()).received)).toBe('{}\n');
  } finally {
    release.give();
    client.close();
  }
});
