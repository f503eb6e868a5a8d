import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultReply, standInRoutes, startStandIn, type StandIn } from '../../lib/sandbox/stand-in/index.ts';
import { isAllowedHost } from '../../lib/sandbox/stand-in/host-check.ts';
import { openRawConnection, rawHttp, requestBytes } from '../support/raw-http.ts';

let standIn: StandIn;
const unhandled: unknown[] = [];
const keep = (reason: unknown): void => void unhandled.push(reason);
beforeAll(async () => {
  process.on('unhandledRejection', keep);
  standIn = await startStandIn({ tokenDelayMs: 0 });
});
afterAll(async () => {
  await standIn.close();
  process.off('unhandledRejection', keep);
  expect(unhandled).toEqual([]);
});

const model = 'stand-in:latest';
const words = defaultReply.split(' ').length;

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(standIn.url + path, { method, ...(body === undefined ? {} : { body: text }) });
}

const post = (path: string, body: unknown): Promise<Response> => call('POST', path, body);

async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}

interface Fields {
  [name: string]: Fields | undefined;
}

/** Follows keys into JSON: `at(value, 'choices', 0, 'text')`. */
function at(value: unknown, ...keys: (string | number)[]): unknown {
  return keys.reduce<unknown>((inner, key) => (inner as Fields)[key], value);
}

const ndjsonOf = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

/** The events of a text/event-stream: each one's name and data. */
const eventsOf = (text: string): { event: string; data: string }[] =>
  text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => ({
      event: /^event: (.*)$/m.exec(block)?.[1] ?? '',
      data: /^data: (.*)$/m.exec(block)?.[1] ?? '',
    }));

describe('every route of Ollama answers, and is counted as what it is', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  const messages = [{ role: 'user', content: 'hello' }];
  const table: [
    route: string,
    routeClass: string,
    status: number,
    path?: string | undefined,
    body?: unknown,
  ][] = [
    ['GET /', 'read', 200],
    ['HEAD /', 'read', 200],
    ['GET /api/version', 'read', 200],
    ['HEAD /api/version', 'read', 200],
    ['GET /api/tags', 'read', 200],
    ['HEAD /api/tags', 'read', 200],
    ['GET /api/status', 'read', 200],
    ['GET /api/ps', 'read', 200],
    ['POST /api/show', 'read', 200, '/api/show', { model }],
    ['HEAD /api/blobs/:digest', 'read', 404, `/api/blobs/${digest}`],
    ['GET /v1/models', 'read', 200],
    ['GET /v1/models/:model', 'read', 200, `/v1/models/${model}`],
    ['POST /api/generate', 'inference', 200, '/api/generate', { model, prompt: 'p' }],
    ['POST /api/chat', 'inference', 200, '/api/chat', { model, messages }],
    ['POST /api/embed', 'inference', 200, '/api/embed', { model, input: ['a', 'b'] }],
    ['POST /api/embeddings', 'inference', 200, '/api/embeddings', { model, prompt: 'a' }],
    ['POST /v1/chat/completions', 'inference', 200, '/v1/chat/completions', { model, messages }],
    ['POST /v1/completions', 'inference', 200, '/v1/completions', { model, prompt: 'p' }],
    ['POST /v1/embeddings', 'inference', 200, '/v1/embeddings', { model, input: 'a' }],
    ['POST /v1/responses', 'inference', 200, '/v1/responses', { model, input: 'a' }],
    ['POST /v1/audio/transcriptions', 'inference', 400, '/v1/audio/transcriptions', ''],
    ['POST /v1/messages', 'inference', 200, '/v1/messages', { model, max_tokens: 99, messages }],
    ['POST /api/pull', 'mutating', 200, '/api/pull', { model: 'x' }],
    ['POST /api/push', 'mutating', 200, '/api/push', { model: 'x' }],
    ['POST /api/create', 'mutating', 200, '/api/create', { model: 'x', from: model }],
    ['POST /api/copy', 'mutating', 200, '/api/copy', { source: model, destination: 'x' }],
    ['POST /api/blobs/:digest', 'mutating', 201, `/api/blobs/${digest}`, 'bytes'],
    ['DELETE /api/delete', 'mutating', 200, '/api/delete', { model }],
    ['POST /api/me', 'account', 401],
    ['POST /api/signout', 'account', 200],
    ['POST /api/experimental/web_search', 'account', 403, undefined, { query: 'q' }],
    ['POST /api/experimental/web_fetch', 'account', 403, undefined, { url: 'u' }],
    ['DELETE /api/user/keys/:key', 'account', 200, '/api/user/keys/abc'],
    ['GET /api/experimental/model-recommendations', 'account', 200],
  ];

  test.each(table)('%s (%s): %i', async (route, routeClass, status, path, body) => {
    const [method = '', pattern = ''] = route.split(' ');
    const before = { ...standIn.callsByClass };
    const calls = standIn.calls.get(route) ?? 0;
    const response = await call(method, path ?? pattern, body);
    await response.arrayBuffer();
    expect(response.status).toBe(status);
    expect(standIn.calls.get(route)).toBe(calls + 1);
    const key = routeClass as keyof typeof before;
    expect(standIn.callsByClass).toEqual({ ...before, [key]: before[key] + 1 });
  });

  test('the table above is all there is', () => {
    const routes = standInRoutes.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`));
    expect(table.map(([route]) => route).toSorted()).toEqual(routes.toSorted());
  });

  test('the mutating routes do nothing', async () => {
    const before = await (await call('GET', '/api/tags')).text();
    await post('/api/pull', { model: 'new' });
    await call('DELETE', '/api/delete', { model });
    expect(await (await call('GET', '/api/tags')).text()).toBe(before);
  });
});

describe('it says what it is', () => {
  test('in its version, its models and its texts', async () => {
    expect(await json(await call('GET', '/api/version'))).toEqual({ version: '0.0.0-stand-in' });
    const { models } = await json(await call('GET', '/api/tags'));
    expect(at(models, 0)).toMatchObject({
      name: model,
      model,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
    const { response } = await json(await post('/api/generate', { model, prompt: 'p', stream: false }));
    expect(response).toMatch(/stand-in for Ollama/);
  });

  test('and names the models it was told to', async () => {
    const named = await startStandIn({ models: ['llama3.2', 'qwen:7b'] });
    try {
      const { data } = await json(await fetch(`${named.url}/v1/models`));
      expect((data as { id: string }[]).map(({ id }) => id)).toEqual(['llama3.2:latest', 'qwen:7b']);
    } finally {
      await named.close();
    }
  });
});

describe("Ollama's own API", () => {
  test.each([
    ['/api/generate', { prompt: 'p' }, ['response']],
    ['/api/chat', { messages: [{ role: 'user', content: 'p' }] }, ['message', 'content']],
  ])('%s streams NDJSON by default, and one object with stream: false', async (path, body, text) => {
    const streamed = await post(path, { model, ...body });
    expect(streamed.headers.get('content-type')).toBe('application/x-ndjson');
    const objects = ndjsonOf(await streamed.text());
    expect(objects).toHaveLength(words + 1);
    expect(objects.map((object) => at(object, ...text)).join('')).toBe(defaultReply);
    expect(objects.slice(0, -1).every((object) => at(object, 'done') === false)).toBe(true);
    const counts = {
      model,
      created_at: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      done: true,
      done_reason: 'stop',
      total_duration: expect.any(Number) as unknown,
      load_duration: expect.any(Number) as unknown,
      prompt_eval_count: expect.any(Number) as unknown,
      prompt_eval_duration: expect.any(Number) as unknown,
      eval_count: words,
      eval_duration: expect.any(Number) as unknown,
    };
    expect(objects.at(-1)).toMatchObject(counts);

    const whole = await post(path, { model: 'stand-in', ...body, stream: false });
    expect(whole.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const object = await json(whole);
    expect(object).toMatchObject(counts);
    expect(at(object, ...text)).toBe(defaultReply);
  });

  test('num_predict ends a reply early', async () => {
    const options = { num_predict: 3 };
    const reply = await json(await post('/api/generate', { model, prompt: 'p', stream: false, options }));
    expect(reply).toMatchObject({ response: 'This text comes', done_reason: 'length', eval_count: 3 });
  });

  test('an empty prompt loads a model, keep_alive 0 unloads it', async () => {
    const names = async () => at(await json(await call('GET', '/api/ps')), 'models') as { name: string }[];
    const load = await json(await post('/api/generate', { model: 'stand-in-embed' }));
    expect(load).toMatchObject({ response: '', done: true, done_reason: 'load' });
    expect((await names()).map(({ name }) => name)).toContain('stand-in-embed:latest');
    const unload = await json(await post('/api/chat', { model: 'stand-in-embed', keep_alive: 0 }));
    expect(unload).toMatchObject({ done: true, done_reason: 'unload' });
    expect((await names()).map(({ name }) => name)).not.toContain('stand-in-embed:latest');
  });

  test('embeddings are one vector a text, the same for the same text', async () => {
    const { embeddings } = await json(await post('/api/embed', { model, input: ['a', 'b', 'a'] }));
    const [first, second, third] = embeddings as number[][];
    expect(first).toHaveLength(8);
    expect(third).toEqual(first);
    expect(second).not.toEqual(first);
    expect(await json(await post('/api/embeddings', { model, prompt: 'a' }))).toEqual({ embedding: first });
    const { data } = await json(
      await post('/v1/embeddings', { model, input: 'a', encoding_format: 'base64' }),
    );
    const bytes = Buffer.from(at(data, 0, 'embedding') as string, 'base64');
    expect(bytes.readFloatLE(0)).toBeCloseTo(first?.[0] ?? NaN, 6);
  });

  test('a blob is there when a model has its digest', async () => {
    const digest = at(await json(await call('GET', '/api/tags')), 'models', 0, 'digest') as string;
    expect((await call('HEAD', `/api/blobs/sha256:${digest}`)).status).toBe(200);
    expect((await call('HEAD', '/api/blobs/sha256:xyz')).status).toBe(400);
  });
});

describe("OpenAI's and Anthropic's APIs", () => {
  const messages = [{ role: 'user', content: 'p' }];

  test.each([
    ['/v1/chat/completions', { messages }, ['message', 'content'], ['delta', 'content']],
    ['/v1/completions', { prompt: 'p' }, ['text'], ['text']],
  ])('%s answers whole, and streams up to [DONE]', async (path, body, whole, piece) => {
    const object = await json(await post(path, { model, ...body }));
    expect(at(object, 'choices', 0, ...whole)).toBe(defaultReply);
    expect(object).toMatchObject({
      choices: [{ finish_reason: 'stop' }],
      usage: { completion_tokens: words },
    });

    const streamed = await post(path, {
      model,
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(streamed.headers.get('content-type')).toBe('text/event-stream');
    const data = eventsOf(await streamed.text()).map((event) => event.data);
    expect(data.at(-1)).toBe('[DONE]');
    const chunks = data.slice(0, -1).map((text): unknown => JSON.parse(text));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: words } });
    const pieces = chunks.slice(0, -1).map((chunk) => at(chunk, 'choices', 0, ...piece));
    expect(pieces.join('')).toBe(defaultReply);
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
  });

  test('/v1/responses answers whole, and streams numbered events', async () => {
    const object = await json(await post('/v1/responses', { model, input: 'p' }));
    expect(object).toMatchObject({
      object: 'response',
      status: 'completed',
      usage: { output_tokens: words },
    });
    expect(at(object, 'output', 0, 'content', 0, 'text')).toBe(defaultReply);

    const streamed = await post('/v1/responses', { model, input: messages, stream: true });
    const events = eventsOf(await streamed.text());
    const data = events.map((event): unknown => JSON.parse(event.data));
    expect(data.map((event) => at(event, 'type'))).toEqual(events.map(({ event }) => event));
    expect(data.map((event) => at(event, 'sequence_number'))).toEqual([...events.keys()]);
    expect(events.map(({ event }) => event).filter((name) => !name.endsWith('.delta'))).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(at(data.at(-1), 'response', 'output', 0, 'content', 0, 'text')).toBe(defaultReply);
  });

  test('/v1/messages answers whole, and streams named events', async () => {
    const object = await json(await post('/v1/messages', { model, max_tokens: 2, messages }));
    expect(object).toMatchObject({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: 'This text' }],
      stop_reason: 'max_tokens',
      usage: { output_tokens: 2 },
    });
    const streamed = await post('/v1/messages', { model, max_tokens: 2, messages, stream: true });
    expect(eventsOf(await streamed.text()).map(({ event }) => event)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  test('/v1/audio/transcriptions answers a form with a model and a file', async () => {
    const form = new FormData();
    form.set('model', model);
    form.set('file', new Blob(['RIFF']), 'a.wav');
    const response = await fetch(`${standIn.url}/v1/audio/transcriptions`, { method: 'POST', body: form });
    expect(await json(response)).toEqual({ text: defaultReply });
  });
});

describe('errors have the form of their API', () => {
  const unknown = "model 'none' not found";
  const anthropic = (type: string, message: string) => ({ type: 'error', error: { type, message } });
  const openAi = (type: string, message: string) => ({ error: { message, type, param: null, code: null } });
  test.each([
    ['POST', '/api/generate', { model: 'none' }, 404, { error: unknown }],
    ['POST', '/api/generate', '', 400, { error: 'missing request body' }],
    ['POST', '/api/generate', '{"model":', 400, { error: 'invalid JSON in request body' }],
    ['POST', '/api/generate', '[]', 400, { error: 'json: cannot unmarshal the body' }],
    ['POST', '/api/chat', { model: 1 }, 400, { error: 'json: cannot unmarshal field model' }],
    ['POST', '/api/chat', {}, 400, { error: 'model is required' }],
    ['POST', '/api/show', {}, 400, { error: 'model is required' }],
    ['POST', '/api/show', { name: 'none' }, 404, { error: unknown }],
    ['POST', '/api/embed', { model: 'none', input: 'a' }, 404, { error: unknown }],
    ['DELETE', '/api/delete', { model: 'none' }, 404, { error: unknown }],
    ['GET', '/v1/models/none', undefined, 404, openAi('not_found_error', unknown)],
    [
      'POST',
      '/v1/chat/completions',
      { model },
      400,
      openAi('invalid_request_error', "[] is too short - 'messages'"),
    ],
    ['POST', '/v1/completions', { model: 'none' }, 404, openAi('not_found_error', unknown)],
    ['POST', '/v1/embeddings', 'x', 400, openAi('invalid_request_error', 'invalid JSON in request body')],
    [
      'POST',
      '/v1/messages',
      { model },
      400,
      anthropic('invalid_request_error', 'max_tokens is required and must be positive'),
    ],
    [
      'POST',
      '/v1/messages',
      { model: 'none', max_tokens: 1, messages: [{}] },
      404,
      anthropic('not_found_error', unknown),
    ],
  ])('%s %s %j', async (method, path, body, status, expected) => {
    const response = await call(method, path, body);
    expect({ status: response.status, body: await response.json() }).toEqual({ status, body: expected });
  });

  test.each([
    ['GET', '/nothing', 404, '404 page not found', null],
    ['GET', '/api/tags/', 404, '404 page not found', null],
    ['GET', '/API/tags', 404, '404 page not found', null],
    ['GET', '/v1/models/', 404, '404 page not found', null],
    ['GET', '/api/generate', 405, '405 method not allowed', 'POST'],
    ['PUT', '/api/tags', 405, '405 method not allowed', 'GET, HEAD'],
    ['GET', '/api/blobs/sha256:0', 405, '405 method not allowed', 'HEAD, POST'],
  ])('%s %s is %i', async (method, path, status, text, allow) => {
    const before = [...standIn.calls];
    const response = await call(method, path);
    expect([response.status, await response.text(), response.headers.get('allow')]).toEqual([
      status,
      text,
      allow,
    ]);
    expect([...standIn.calls]).toEqual(before);
  });

  test('a path is decoded as Go decodes it, and a broken escape is no route', async () => {
    const get = (target: string) =>
      rawHttp({ port: standIn.port, bytes: requestBytes(`GET ${target} HTTP/1.1`, [['Host', 'localhost']]) });
    expect((await get('/api/%74ags?x')).response.status).toBe(200);
    expect((await get('/api/tags%zz')).response.status).toBe(404);
  });

  test('a body above the bound is 413, and the connection ends', async () => {
    const connection = await openRawConnection({ port: standIn.port });
    await connection.write(
      'POST /api/generate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = Buffer.concat([Buffer.from('1000000\r\n'), Buffer.alloc(0x1000000), Buffer.from('\r\n')]);
    for (let mebibytes = 0; mebibytes < 80; mebibytes += 16) await connection.write(chunk);
    const { response, closed } = await connection.read({ lingerMs: 5000, timeoutMs: 30_000 });
    expect(response.status).toBe(413);
    expect(String(response.body)).toBe('{"error":"request body too large"}');
    expect(closed).toBe(true);
    connection.close('reset');
  });
});

describe('the Host check', () => {
  const status = async (...headers: (readonly [string, string])[]) => {
    const bytes = requestBytes('GET /api/version HTTP/1.1', headers);
    const { response } = await rawHttp({ port: standIn.port, bytes });
    return [response.status, response.status === 403 ? response.body.length : 0];
  };

  test.each([
    '',
    'localhost',
    'localhost:11434',
    'LOCALHOST',
    hostname(),
    `${hostname()}:80`,
    'a.localhost',
    'gateway.local:1',
    'ollama.internal',
    '127.0.0.1:11434',
    '127.9.9.9',
    '10.1.2.3',
    '172.31.0.1:80',
    '192.168.1.1',
    '0.0.0.0',
    '[::1]:11434',
    '::1',
    '[fd00::1]:80',
    '[::]:80',
  ])('%j passes', async (host) => {
    expect(await status(['Host', host])).toEqual([200, 0]);
  });

  test.each([
    'gateway.example.com',
    'ollama_backend',
    'localhost.example.com',
    'notlocalhost',
    'local',
    'internal:80',
    'localhost:1:2',
    'localhost.',
    '8.8.8.8',
    '172.32.0.1',
    '11.0.0.1:80',
    '[2001:db8::1]:80',
    '[::1]',
  ])('%j is refused with 403 and no body', async (host) => {
    expect(await status(['Host', host])).toEqual([403, 0]);
  });

  test('an address of an own interface passes', () => {
    expect(isAllowedHost('127.0.0.1')).toBe(true);
    expect(isAllowedHost('203.0.113.9')).toBe(false);
  });

  test('no Host in HTTP/1.0 passes, two are a bad request', async () => {
    const old = await rawHttp({ port: standIn.port, bytes: 'GET / HTTP/1.0\r\n\r\n' });
    expect(String(old.response.body)).toBe('Ollama is running');
    expect(await status(['Host', 'localhost'], ['Host', 'localhost'])).toEqual([400, 0]);
  });

  test('in absolute form the host of the target counts', async () => {
    const get = (host: string) =>
      rawHttp({
        port: standIn.port,
        bytes: requestBytes(`GET http://${host}/api/version HTTP/1.1`, [['Host', 'localhost']]),
      });
    expect((await get('localhost')).response.status).toBe(200);
    expect((await get('gateway.example.com')).response.status).toBe(403);
  });

  test.each([
    ['https://evil.example', 403],
    ['http://localhost.evil.example', 403],
    ['null', 403],
    ['http://localhost:3000', 200],
    ['https://127.0.0.1', 200],
    ['http://localhost:11434', 200],
    ['app://obsidian.md', 200],
  ])('Origin %s: %i', async (origin, expected) => {
    expect((await status(['Host', 'localhost:11434'], ['Origin', origin]))[0]).toBe(expected);
  });

  test('a refused request is not counted', async () => {
    const before = [...standIn.calls];
    await status(['Host', 'evil.example']);
    expect([...standIn.calls]).toEqual(before);
  });
});

describe('a stream', () => {
  test('comes token by token: curl has the first before the last is made', async () => {
    // The last of these tokens would come after an hour: what curl prints can only be a piece of the stream.
    const slow = await startStandIn({ tokenDelayMs: 10, reply: 'token '.repeat(360_000) });
    const body = JSON.stringify({ model, prompt: 'p' });
    const curl = spawn('curl', ['--silent', '--no-buffer', '--data', body, `${slow.url}/api/generate`]);
    try {
      const [first] = (await once(curl.stdout, 'data')) as [Buffer];
      expect(at(ndjsonOf(String(first))[0], 'response')).toBe('token');
    } finally {
      curl.kill();
      await slow.close();
    }
  });

  test.each([
    '/api/generate',
    '/api/chat',
    '/v1/chat/completions',
    '/v1/completions',
    '/v1/responses',
    '/v1/messages',
  ])('%s survives a client that goes in the middle, and is made no further', async (path) => {
    const slow = await startStandIn({ tokenDelayMs: 5, reply: 'token '.repeat(100_000) });
    try {
      const messages = [{ role: 'user', content: 'p' }];
      const about = { model, stream: true, prompt: 'p', input: 'p', messages, max_tokens: 100_000 };
      const body = JSON.stringify(about);
      const headers = [
        ['Host', 'localhost'],
        ['Content-Length', String(Buffer.byteLength(body))],
      ] as const;
      const connection = await openRawConnection({ port: slow.port });
      await connection.write(requestBytes(`POST ${path} HTTP/1.1`, headers, body));
      await connection.readUntil('token');
      connection.close('reset');
      await delay(50);
      expect((await fetch(slow.url)).status).toBe(200);
      expect(unhandled).toEqual([]);
    } finally {
      await slow.close();
    }
  });

  test('survives a client that goes in the middle of its request', async () => {
    const connection = await openRawConnection({ port: standIn.port });
    const head = 'POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{';
    const before = standIn.calls.get('POST /api/chat') ?? 0;
    await connection.write(head);
    await expect.poll(() => standIn.calls.get('POST /api/chat')).toBe(before + 1);
    connection.close('reset');
    await expect.poll(() => standIn.running).toBe(0);
    expect((await call('GET', '/')).status).toBe(200);
    expect(unhandled).toEqual([]);
  });

  test('waits for a client that does not read, and ends with the client', async () => {
    // About 100 MB: more than sockets hold, and made at once if nothing waits.
    const fast = await startStandIn({ tokenDelayMs: 0, reply: `${'x'.repeat(1000)} `.repeat(100_000) });
    const socket = connect(fast.port, '127.0.0.1');
    try {
      const body = JSON.stringify({ model, prompt: 'p' });
      const headers = [
        ['Host', 'localhost'],
        ['Content-Length', String(body.length)],
      ] as const;
      socket.write(requestBytes('POST /api/generate HTTP/1.1', headers, body));
      await once(socket, 'readable');
      await delay(1000);
      expect(fast.running).toBe(1);
      socket.destroy();
      await expect.poll(() => fast.running).toBe(0);
    } finally {
      socket.destroy();
      await fast.close();
    }
  });

  test('ends when the stand-in is closed', async () => {
    const slow = await startStandIn({ tokenDelayMs: 5, reply: 'token '.repeat(100_000) });
    const connection = await openRawConnection({ port: slow.port });
    const body = JSON.stringify({ model, prompt: 'p' });
    const head = `POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
    await connection.write(head + body);
    await connection.readUntil('token');
    await slow.close();
    await expect.poll(() => slow.running).toBe(0);
    expect((await connection.read()).closed).toBe(true);
    connection.close('reset');
  });
});

test('a port that is taken is an error of the system', async () => {
  await expect(startStandIn({ port: standIn.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('it listens on loopback only', () => {
  expect(standIn.url).toBe(`http://127.0.0.1:${standIn.port}`);
});
