import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ollamaRoutes, type OllamaRoute } from '../../lib/config/ollama-routes.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import type { HeaderList } from '../support/raw-http.ts';
import { startRecordedForwarder, type RecordedForwarder } from './support/recorded-forwarder.ts';

let recorded: RecordedForwarder;
beforeAll(async () => {
  recorded = await startRecordedForwarder();
});
afterAll(() => recorded.stop());
afterEach(() => recorded.reset());

const parameters: Readonly<Record<string, string>> = {
  model: 'qwen2.5-coder:7b',
  digest: `sha256:${'a'.repeat(64)}`,
};

describe('every route of the gateway is passed on, under its own path and under that of Ollama:', () => {
  const cases = ollamaRoutes.flatMap((route: OllamaRoute) =>
    route.methods.flatMap((method) => {
      const path =
        route.path + (route.parameter === undefined ? '' : (parameters[route.parameter.name] ?? ''));
      return [
        [method, path, `/ollama${path}`],
        [method, `/ollama${path}`, `/ollama${path}`],
      ] as const;
    }),
  );
  test.each(cases)('%s %s', async (method, path, target) => {
    const body = method === 'POST' ? '{"model":"x"}' : '';
    const lengths: HeaderList = method === 'POST' ? [['Content-Length', String(body.length)]] : [];
    const { status } = await recorded.ask(
      `${method} ${path}?query=secret HTTP/1.1`,
      [recorded.host, ...lengths],
      body,
    );
    expect(status).toBe(200);
    expect(recorded.gateway.requests).toMatchObject([{ method, target, body, commonName: 'ci' }]);
  });
});

describe('nothing else is passed on:', () => {
  test.each([
    ...['POST /api/pull', 'POST /api/push', 'POST /api/create', 'POST /api/copy', 'DELETE /api/delete'],
    ...['POST /api/me', 'POST /api/signout', 'POST /api/blobs/sha256:' + 'a'.repeat(64)],
    ...[
      'GET /api/chat',
      'POST /api/tags',
      'PUT /api/generate',
      'GET /ollama',
      'GET /ollama/api',
      'GET /metrics',
    ],
    ...[
      'GET /api/tags/',
      'POST /api/chat%0a',
      'POST //api/../api/pull',
      'GET /v1/models/a/b',
      'OPTIONS /api/tags',
    ],
    ...['GET /ollama/ollama/api/tags', 'GET /v1/models/..%2f..%2fapi%2fpull'],
  ])('%s', async (startLine) => {
    const { status, body } = await recorded.ask(`${startLine} HTTP/1.1`);
    expect(status).toBe(403);
    expect(JSON.parse(body)).toEqual({ error: expect.any(String) as string });
    expect(recorded.gateway.requests).toEqual([]);
  });
});

describe('a web page does not get through, whatever its DNS says:', () => {
  const page = 'http://evil.example';
  test.each<[string, string, HeaderList, number]>([
    ['a rebound name', 'GET /api/tags', [['Host', 'evil.example']], 421],
    ['a rebound name with the port', 'GET /api/tags', [['Host', 'evil.example:11434']], 421],
    ['a name that ends like one', 'GET /api/tags', [['Host', 'evil.localhost']], 421],
    ['a name that begins like one', 'GET /api/tags', [['Host', '127.0.0.1.evil.example']], 421],
    ['another address of loopback', 'GET /api/tags', [['Host', '127.0.0.2']], 421],
    ['an absolute target for another host', `GET ${page}/api/tags`, [['Host', 'localhost']], 421],
    ['no host at all', 'GET /api/tags', [], 400],
    [
      'a simple form',
      'POST /api/chat',
      [
        ['Host', 'localhost'],
        ['Origin', page],
        ['Content-Length', '0'],
      ],
      403,
    ],
    [
      'a form of a null origin',
      'POST /api/chat',
      [
        ['Host', 'localhost'],
        ['Origin', 'null'],
        ['Content-Length', '0'],
      ],
      403,
    ],
    [
      'a page of this machine',
      'GET /api/tags',
      [
        ['Host', 'localhost'],
        ['Origin', 'http://localhost:3000'],
      ],
      403,
    ],
    [
      'an image, which has no origin',
      'GET /api/tags',
      [
        ['Host', 'localhost'],
        ['Sec-Fetch-Site', 'cross-site'],
      ],
      403,
    ],
    [
      'a preflight',
      'OPTIONS /api/chat',
      [
        ['Host', 'localhost'],
        ['Origin', page],
        ['Access-Control-Request-Method', 'POST'],
      ],
      403,
    ],
    [
      'a websocket',
      'GET /api/tags',
      [
        ['Host', 'localhost'],
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
      ],
      403,
    ],
  ])('%s', async (_what, startLine, headers, status) => {
    expect(await recorded.ask(`${startLine} HTTP/1.1`, headers)).toMatchObject({ status });
    expect(recorded.gateway.requests).toEqual([]);
  });

  test('an HTTP/1.0 request without a host', async () => {
    expect(await recorded.ask('GET /api/tags HTTP/1.0', [])).toMatchObject({ status: 421 });
    expect(recorded.gateway.requests).toEqual([]);
  });

  test.each(['localhost', 'LOCALHOST:11434', '127.0.0.1', 'localhost:8080'])('but %s does', async (name) => {
    expect(
      await recorded.ask('GET /api/tags HTTP/1.1', [
        ['Host', name],
        ['Sec-Fetch-Site', 'none'],
        ['Sec-Fetch-Mode', 'cors'],
      ]),
    ).toMatchObject({ status: 200 });
  });
});

describe('a body', () => {
  const limit = 8_192 * 1_024;
  test('of the size that the gateway takes is passed on', async () => {
    expect(await recorded.post('/api/chat', 'x'.repeat(limit))).toMatchObject({ status: 200 });
    expect(recorded.gateway.requests[0]?.body).toHaveLength(limit);
  });
  test.each([
    ['/api/chat', limit + 1],
    ['/api/show', 64 * 1_024 + 1],
  ])('that is larger is refused: %s', async (path, size) => {
    const { status, body } = await recorded.ask(`POST ${path} HTTP/1.1`, [
      recorded.host,
      ['Content-Length', String(size)],
    ]);
    expect(status).toBe(413);
    expect(body).toContain('larger than the gateway takes');
    expect(recorded.gateway.requests).toEqual([]);
  });
  test('of a GET is refused', async () => {
    expect(
      await recorded.ask('GET /api/tags HTTP/1.1', [recorded.host, ['Content-Length', '2']], '{}'),
    ).toMatchObject({
      status: 413,
    });
  });
});

test('what is written down has no query, no body and no credential, and the errors have no request', async () => {
  const secret = 'a-word-that-nobody-may-read';
  recorded.gateway.become({ maxVersion: 'TLSv1.2' });
  await recorded.post(`/api/chat?${secret}`, `{"prompt":"${secret}"}`, [['Authorization', secret]]);
  recorded.gateway.become({});
  await recorded.post(`/api/chat?${secret}`, `{"prompt":"${secret}"}`, [['X-Other', secret]]);
  await untilHolds(async () => (await recorded.forwarder.accessLog()).length > 1, 'the log');
  expect(JSON.stringify(await recorded.forwarder.accessLog())).not.toContain(secret);
  expect(recorded.forwarder.errors()).not.toContain(secret);
  const last = (await recorded.forwarder.accessLog()).at(-1);
  expect(last).toMatchObject({ service: 'ci', status: 200, request_uri: '/api/chat', gateway_status: '200' });
});
