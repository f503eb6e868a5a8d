import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRawConnection, rawHttp, type HeaderList, type RawConnection } from '../support/raw-http.ts';
import {
  startTestGateway,
  testConfiguration,
  testServerName,
  type TestGateway,
} from '../support/test-gateway.ts';
import { openByteStream } from '../support/byte-stream.ts';
import { openClient, protocols, type ClientRequest, type Protocol } from './support/client.ts';
import { signal, untilHolds } from './support/waiting.ts';

// Every time-out is the shortest there is. What is asserted is that the end comes at all, in any time that a busy
// machine may take, and not after the defaults of 10 seconds and more.
const patienceMs = 8_000;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    ...testConfiguration,
    gateway: {
      serverNames: [testServerName],
      clientHeaderTimeoutSeconds: 1,
      clientBodyTimeoutSeconds: 1,
      keepaliveTimeoutSeconds: 1,
      sendTimeoutSeconds: 1,
      proxyReadTimeoutSeconds: 1,
      proxyConnectTimeoutSeconds: 1,
    },
  });
});
afterAll(() => gateway.stop());

const tlsOfCi = async () => {
  const identity = await gateway.identity('ci');
  return { ca: gateway.ca, servername: testServerName, cert: identity.cert, key: identity.keyPem };
};
const open = async (port: 'TLS' | 'plain'): Promise<RawConnection> =>
  openRawConnection(
    port === 'TLS' ? { port: gateway.port, tls: await tlsOfCi() } : { port: gateway.plainPort },
  );
const openAs = async (protocol: Protocol) =>
  openClient(gateway, { protocol, identity: await gateway.identity('ci') });

const head = (path: string, ...fields: string[]): string =>
  [`POST ${path} HTTP/1.1`, `Host: ${testServerName}`, ...fields, '', ''].join('\r\n');

async function expectNothingForwarded(): Promise<void> {
  await gateway.upstream.settle();
  expect(gateway.upstream.bytesReceived).toBe(0);
}

// Side by side, for each waits its second. None of them gets anything through to the upstream.
describe.concurrent('a connection ends that', () => {
  test.each<[string, 'TLS' | 'plain', string]>([
    ['says nothing', 'TLS', ''],
    ['stops within the request line', 'TLS', 'POST /olla'],
    ['stops within the headers', 'TLS', 'POST /ollama/api/chat HTTP/1.1\r\nHost: gate'],
    ['stops before the empty line', 'TLS', head('/ollama/api/chat').slice(0, -2)],
    ['says nothing to the plain port', 'plain', ''],
    ['stops within the request line to the plain port', 'plain', 'POST /olla'],
    ['stops within the headers to the plain port', 'plain', 'POST / HTTP/1.1\r\nHost: gate'],
  ])('%s', async (_name, port, bytes) => {
    const connection = await open(port);
    await connection.write(bytes);
    const answer = await connection.read({ timeoutMs: patienceMs, responses: 2 });
    connection.close('reset');
    expect(answer.closed).toBe(true);
    expect(answer.timedOut).toBe(false);
    expect(answer.responses.map(({ status }) => status).filter((status) => status !== 408)).toEqual([]);
    await expectNothingForwarded();
  });

  test.each<['TLS' | 'plain']>([['TLS'], ['plain']])('drips headers (%s)', async (port) => {
    const connection = await open(port);
    await connection.write('POST /ollama/api/chat HTTP/1.1\r\nHost: ');
    const deadline = Date.now() + patienceMs;
    let answer = await connection.read({ timeoutMs: 100 });
    // The time-out is for all headers together: a byte now and then does not put it off.
    while (!answer.closed && Date.now() < deadline) {
      await connection.write('x');
      answer = await connection.read({ timeoutMs: 100 });
    }
    connection.close('reset');
    expect(answer.closed).toBe(true);
    await expectNothingForwarded();
  });

  test('does not begin its TLS handshake', async () => {
    const stream = await openByteStream({ port: gateway.port });
    await stream.until(() => false, patienceMs);
    stream.close('reset');
    expect(stream.closed).toBe(true);
  });

  test('stops within its TLS handshake', async () => {
    const stream = await openByteStream({ port: gateway.port });
    // The head of a record that announces a ClientHello of 512 bytes, and no more (RFC 8446, 5.1).
    stream.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    await stream.until(() => false, patienceMs);
    stream.close('reset');
    expect(stream.closed).toBe(true);
  });

  test.each<[string, string]>([
    ['the preface', 'PRI * HTTP/2.0\r\n'],
    // A HEADERS frame of 100 bytes on stream 1, and one byte of it (RFC 9113, 4.1).
    [
      'a frame of headers',
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\0'.repeat(3)}\x04${'\0'.repeat(5)}\0\0\x64\x01\x05\0\0\0\x01\0`,
    ],
  ])('stops over HTTP/2 within %s', async (_name, bytes) => {
    const stream = await openByteStream({ port: gateway.port, tls: await tlsOfCi() }, ['h2']);
    stream.write(Buffer.from(bytes, 'latin1'));
    await stream.until(() => false, patienceMs);
    stream.close('reset');
    expect(stream.closed).toBe(true);
    await expectNothingForwarded();
  });
});

describe.concurrent.each(protocols)('over %s', (protocol) => {
  test.each<[string, ClientRequest]>([
    [
      'with a length',
      { path: '/ollama/api/chat', body: 'half', headers: { 'content-length': '8' }, open: true },
    ],
    ['without a length', { path: '/ollama/api/chat', body: 'half', open: true }],
    ['that has not begun', { path: '/ollama/api/chat', headers: { 'content-length': '8' }, open: true }],
  ])('a body %s that stops ends its request', async (_name, request) => {
    const client = await openAs(protocol);
    const answer = await client.exchange(request).ended();
    client.close();
    expect([0, 408]).toContain(answer.status);
    await expectNothingForwarded();
  });
});

test('a kept connection ends when it is used no more', async () => {
  const connection = await open('TLS');
  await connection.write(`GET /ollama/api/tags HTTP/1.1\r\nHost: ${testServerName}\r\n\r\n`);
  expect((await connection.read()).response.status).toBe(200);
  const answer = await connection.read({ timeoutMs: patienceMs });
  connection.close('reset');
  expect(answer.closed).toBe(true);
});

test('a kept HTTP/2 connection ends when it is used no more', async () => {
  const client = await openAs('HTTP/2');
  expect((await client.ask({ path: '/ollama/api/tags' })).status).toBe(200);
  await untilHolds(() => client.closed, 'the end of an idle connection');
  client.close();
});

// Side by side too, so each has a path of its own.
describe.concurrent.each([
  ['HTTP/1.1', '/api/chat', '/api/generate', '/api/embed'],
  ['HTTP/2', '/v1/chat/completions', '/v1/completions', '/v1/embeddings'],
] as const)('over %s', (protocol, slowReader, silent, fallsSilent) => {
  const ask = (path: string): ClientRequest => ({ path: `/ollama${path}`, body: '{}' });

  test('a client that reads no more loses its stream, and the upstream its work', async () => {
    let [sent, over] = [0, false];
    gateway.upstream.respond(slowReader, () => ({
      body: (async function* () {
        try {
          // More than fits into all the buffers in between.
          for (; sent < 4_000; sent += 1) yield await Promise.resolve(Buffer.alloc(64 * 1024, 'x'));
        } finally {
          over = true;
        }
      })(),
    }));
    const client = await openAs(protocol);
    const stream = client.exchange(ask(slowReader));
    await stream.until(() => stream.received.length > 0);
    stream.pause();
    await untilHolds(() => over, 'the upstream to be let go');
    expect(sent).toBeLessThan(4_000);
    client.close();
  });

  test('an upstream that says nothing is 504', async () => {
    const release = signal();
    gateway.upstream.respond(silent, async () => {
      await release.given;
      return {};
    });
    const client = await openAs(protocol);
    const answer = await client.ask(ask(silent));
    release.give();
    client.close();
    expect(answer.status).toBe(504);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(JSON.parse(String(answer.received))).toEqual({ error: expect.any(String) as string });
    expect(gateway.upstream.requests.filter(({ target }) => target === silent)).toHaveLength(1);
  });

  test('an upstream that falls silent in mid-stream never looks like a whole answer', async () => {
    const release = signal();
    gateway.upstream.respond(fallsSilent, () => ({
      body: (async function* () {
        yield 'begun';
        await release.given;
      })(),
    }));
    const client = await openAs(protocol);
    const answer = await client.ask(ask(fallsSilent));
    release.give();
    client.close();
    expect([answer.status, answer.outcome]).toEqual([200, 'aborted']);
  });
});

describe('headers beyond the limit of 4 times 8 KiB', () => {
  const kib = (number: number): string => 'x'.repeat(number * 1024);
  beforeAll(() => gateway.upstream.reset());
  // nginx holds each line to one buffer over HTTP/1.1, and all lines together to all buffers over HTTP/2.
  const cases: [name: string, path: string, headers: HeaderList, http1: boolean, http2: boolean][] = [
    ['a line of 7 KiB', '/ollama/api/tags', [['x-one', kib(7)]], true, true],
    ['a line of 9 KiB', '/ollama/api/tags', [['x-one', kib(9)]], false, true],
    ['a path of 9 KiB', `/ollama/api/tags?${kib(9)}`, [], false, true],
    ['a line of 50 KiB', '/ollama/api/tags', [['x-one', kib(50)]], false, false],
    ['a path of 50 KiB', `/ollama/api/tags?${kib(50)}`, [], false, false],
    [
      'lines of 50 KiB together',
      '/ollama/api/tags',
      Array.from({ length: 10 }, (_, n) => [`x-${n}`, kib(5)]),
      false,
      false,
    ],
  ];

  test.each(cases)('%s over HTTP/1.1', async (_name, path, headers, accepted) => {
    gateway.upstream.reset();
    const fields = headers.map(([name, value]) => `${name}: ${value}`);
    const { response } = await rawHttp({
      port: gateway.port,
      tls: await tlsOfCi(),
      bytes: [`GET ${path} HTTP/1.1`, `Host: ${testServerName}`, ...fields, '', ''].join('\r\n'),
    });
    if (accepted) {
      expect(response.status).toBe(200);
      return;
    }
    expect([400, 414, 431]).toContain(response.status);
    expect(JSON.stringify(response.headers) + String(response.body)).not.toMatch(/nginx\/|\d+\.\d+\.\d+/);
    await expectNothingForwarded();
  });

  test.each(cases)('%s over HTTP/2', async (_name, path, headers, _http1, accepted) => {
    gateway.upstream.reset();
    const client = await openAs('HTTP/2');
    const answer = await client.ask({ path, headers: Object.fromEntries(headers) });
    client.close();
    if (accepted) {
      expect(answer.status).toBe(200);
      return;
    }
    expect([0, 400, 414, 431]).toContain(answer.status);
    expect(String(answer.received)).not.toMatch(/nginx\/|\d+\.\d+\.\d+/);
    await expectNothingForwarded();
  });

  test.each([
    ['a line', '/', `X-One: ${'x'.repeat(9 * 1024)}`],
    ['a path', `/${'x'.repeat(9 * 1024)}`, 'X-One: 1'],
  ])('%s to the plain port', async (_name, path, field) => {
    const { response } = await rawHttp({
      port: gateway.plainPort,
      bytes: [`GET ${path} HTTP/1.1`, `Host: ${testServerName}`, field, '', ''].join('\r\n'),
    });
    // Every answer of that port may be its one answer.
    expect([400, 401, 414, 431]).toContain(response.status);
    expect(JSON.stringify(response.headers) + String(response.body)).not.toMatch(/nginx\/|\d+\.\d+\.\d+/);
  });
});

describe('a smaller limit of 2 times 1 KiB', () => {
  beforeAll(() =>
    gateway.replace({
      ...testConfiguration,
      gateway: { serverNames: [testServerName], largeClientHeaderBuffers: { number: 2, sizeKiB: 1 } },
    }),
  );
  test.each<[string, number, number, boolean]>([
    ['a line of half a KiB', 1, 512, true],
    ['a line of 2 KiB', 1, 2048, false],
    ['10 lines of 900 bytes', 10, 900, false],
  ])('%s', async (_name, lines, length, accepted) => {
    const fields = Array.from({ length: lines }, (_, number) => `X-${number}: ${'x'.repeat(length)}`);
    const { response } = await rawHttp({
      port: gateway.port,
      tls: await tlsOfCi(),
      bytes: [`GET /ollama/api/tags HTTP/1.1`, `Host: ${testServerName}`, ...fields, '', ''].join('\r\n'),
    });
    expect(response.status === 200).toBe(accepted);
    expect([200, 400, 414, 431]).toContain(response.status);
  });
});

// Last, since nothing comes after it.
describe('an upstream that is down', () => {
  beforeAll(() => gateway.upstream.close());
  test.each(protocols)('is 502 over %s', async (protocol) => {
    const client = await openAs(protocol);
    const answer = await client.ask({ path: '/ollama/api/chat', body: '{}' });
    client.close();
    expect(answer.status).toBe(502);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(JSON.parse(String(answer.received))).toEqual({ error: expect.any(String) as string });
  });
});
