import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  openRawConnection,
  rawHttp,
  rawHttp2,
  type HeaderList,
  type RawAnswer,
  type RawBytes,
} from '../support/raw-http.ts';
import { startTestGateway, testServerName, type TestGateway } from '../support/test-gateway.ts';
import { expectError, expectNothingAt, protocols, targetOf, valueOf, type Answer } from './support/asking.ts';

let gateway: TestGateway;
beforeAll(async () => (gateway = await startTestGateway()));
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

const host = `Host: ${testServerName}\r\n`;
const request = (method: string, fields = '', body = ''): string =>
  `${method} /ollama/api/chat HTTP/1.1\r\n${host}${fields}\r\n${body}`;

function answerOf({ response }: RawAnswer): Answer {
  return {
    status: response.status,
    headers: response.headers.map(([name, value]) => [name.toLowerCase(), value] as const),
    body: response.body.toString(),
  };
}

/** Every file that nginx keeps of a body, wherever its folders are. */
async function storedFiles(): Promise<string[]> {
  const entries = await readdir(gateway.runtimeDirectory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== 'nginx.pid')
    .map((entry) => join(entry.parentPath, entry.name));
}

const ask = (bytes: RawBytes): Promise<RawAnswer> =>
  rawHttp({ port: gateway.plainPort, bytes, lingerMs: 3_000 });

const methods = 'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT PROPFIND'.split(' ');

test.each<readonly [string, RawBytes]>([
  ...methods.map((method) => [method, request(method)] as const),
  ['POST with a body', request('POST', 'Content-Length: 9\r\n', '{"a":"b"}')],
  ['POST in chunks', request('POST', 'Transfer-Encoding: chunked\r\n', '9\r\n{"a":"b"}\r\n0\r\n\r\n')],
  ['CONNECT with an authority', `CONNECT ${testServerName}:443 HTTP/1.1\r\n${host}\r\n`],
  ['the root', `GET / HTTP/1.1\r\n${host}\r\n`],
  ['a path that would be a redirect elsewhere', `GET //elsewhere.test/%2e%2e HTTP/1.1\r\n${host}\r\n`],
  ['a challenge of a certificate authority', `GET /.well-known/acme-challenge/x HTTP/1.1\r\n${host}\r\n`],
  ['absolute form', `GET https://${testServerName}/ollama/api/tags HTTP/1.1\r\n${host}\r\n`],
  ['another host', 'GET / HTTP/1.1\r\nHost: other.test\r\n\r\n'],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
  ['HTTP/1.0 that wants to go on', `GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`],
  [
    'an upgrade to HTTP/2',
    request('GET', 'Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'),
  ],
  ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['two requests at once', request('GET') + request('GET')],
  // What nginx refuses itself
  ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
  ['two Hosts', request('GET', host)],
  ['HTTP/3.0', `GET / HTTP/3.0\r\n${host}\r\n`],
  ['a Content-Length that is none', request('POST', 'Content-Length: x\r\n')],
  ['an unknown Transfer-Encoding', request('POST', 'Transfer-Encoding: x\r\n')],
  ['both kinds of length', request('POST', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n')],
  ['a long line', `GET /${'a'.repeat(40_000)} HTTP/1.1\r\n${host}\r\n`],
  ['long headers', request('GET', `X: ${'a'.repeat(40_000)}\r\n`)],
  ['a TLS hello and a line break', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ['the place of its own answer', `GET /not-encrypted HTTP/1.1\r\n${host}\r\n`],
  ['no HTTP at all', 'hello\r\n\r\n'],
])('plain port: %s: 401 in JSON, then closed', async (name, bytes) => {
  const outcome = await ask(bytes);
  const answer = answerOf(outcome);
  if (name === 'HEAD') expect(answer.status).toBe(401);
  else expectError(answer, 401);
  expect(outcome.responses).toHaveLength(1);
  expect(outcome.closed).toBe(true);
  expect(valueOf(answer, 'connection')).toBe('close');
  for (const absent of ['location', 'refresh', 'upgrade', 'alt-svc', 'set-cookie', 'www-authenticate'])
    expect(valueOf(answer, absent)).toBeUndefined();
  await expectNothingAt(gateway.upstream);
  expect(await storedFiles()).toEqual([]);
});

test('plain port: HTTP/0.9 gets the same words and no header', async () => {
  const { responses, rest, closed } = await ask('GET /ollama/api/tags\r\n');
  expect(closed).toBe(true);
  const text = Buffer.concat([...responses.map(({ body }) => body), rest]).toString();
  expect(text === '' || 'error' in (JSON.parse(text) as object)).toBe(true);
  await expectNothingAt(gateway.upstream);
});

const megabyte = Buffer.alloc(1024 * 1024, 'secret prompt ');

test.each<readonly [string, string, (piece: Buffer) => (string | Buffer)[]]>([
  ['a body of 12 MiB', `Content-Length: ${12 * megabyte.length}\r\n`, (piece) => [piece]],
  [
    'chunks of 12 MiB',
    'Transfer-Encoding: chunked\r\n',
    (piece) => [`${piece.length.toString(16)}\r\n`, piece, '\r\n'],
  ],
])('plain port: %s is answered at its head, and never forwarded or stored', async (_name, fields, frame) => {
  const connection = await openRawConnection({ port: gateway.plainPort });
  try {
    await connection.write(request('POST', fields));
    const first = await connection.read();
    expectError(answerOf(first), 401);
    const seen = new Set<string>();
    for (let sent = 0; sent < 12; sent += 1) {
      await connection.write([...frame(megabyte), 10]);
      for (const file of await storedFiles()) seen.add(file);
    }
    // Whoever goes on sending is cut off after lingering_time.
    const { closed } = await connection.read({ responses: 2, timeoutMs: 5_000 });
    expect(closed).toBe(true);
    for (const file of await storedFiles()) seen.add(file);
    expect([...seen]).toEqual([]);
    await expectNothingAt(gateway.upstream);
  } finally {
    connection.close('reset');
  }
});

test('plain port: with Expect: 100-continue the body is not asked for', async () => {
  const outcome = await ask(request('POST', 'Expect: 100-continue\r\nContent-Length: 9\r\n'));
  expectError(answerOf(outcome), 401);
  expect(outcome.response.interim).toEqual([]);
  await expectNothingAt(gateway.upstream);
});

test('plain port: no word of a prompt is in a log', async () => {
  await ask(
    `POST /secret-path?secret=query HTTP/1.1\r\n${host}Content-Length: 6\r\nAuthorization: secret-token\r\n\r\nsecret`,
  );
  const lines = await gateway.accessLog();
  const line = lines.find(({ request_uri: uri }) => uri === '/secret-path');
  expect(line).toMatchObject({ status: 401, method: 'POST', service: '' });
  expect(JSON.stringify(lines)).not.toMatch(/secret(?!-path)/);
  expect(await gateway.errorLog()).not.toContain('secret');
});

test.each(
  protocols.flatMap((protocol) =>
    ['TRACE', 'CONNECT'].flatMap((method) => [
      { protocol, method, service: 'ci' },
      { protocol, method, service: undefined },
    ]),
  ),
)('TLS port: $method over $protocol by $service, which nginx refuses by itself: 405 in JSON', async (row) => {
  const { protocol, method, service } = row;
  const target = targetOf(gateway, service === undefined ? undefined : await gateway.identity(service));
  if (protocol === 'HTTP/1.1') {
    expectError(answerOf(await rawHttp({ ...target, bytes: request(method) })), 405);
  } else {
    const headers: HeaderList = [
      [':method', method],
      [':scheme', 'https'],
      [':path', '/ollama/api/chat'],
      [':authority', testServerName],
    ];
    const { status, body } = await rawHttp2({ ...target, headers });
    expect(status).toBe(405);
    expect(JSON.parse(body.toString())).toEqual({ error: expect.any(String) as string });
  }
  await expectNothingAt(gateway.upstream);
});
