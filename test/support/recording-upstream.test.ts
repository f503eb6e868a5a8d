import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { openRawConnection, rawHttp, requestBytes } from './raw-http.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

let upstream: RecordingUpstream;
beforeEach(async () => {
  upstream = await startRecordingUpstream();
});
afterEach(async () => {
  await upstream.close();
});

/** Sends bytes and a FIN, and waits until the upstream has closed too: by then it has read all of them. */
async function seen(bytes: string): Promise<void> {
  const connection = await openRawConnection({ port: upstream.port });
  await connection.write(bytes);
  connection.close('end');
  expect((await connection.read({ responses: Infinity })).closed).toBe(true);
  await upstream.settle();
}

const post = (headers: string, body: string): string =>
  `POST /a HTTP/1.1\r\nHost: h\r\n${headers}\r\n\r\n${body}`;

describe('a request is recorded', () => {
  test('with its line, its headers in order and case, its body and its connection', async () => {
    await seen('POST /a?b=%2e HTTP/1.1\r\nHOST: h\r\nx-A: 1\r\nX-a:  2 \r\nContent-Length: 3\r\n\r\nabc');
    expect(upstream.requests).toHaveLength(1);
    expect(upstream.requests[0]).toMatchObject({
      method: 'POST',
      target: '/a?b=%2e',
      version: 'HTTP/1.1',
      headers: [
        ['HOST', 'h'],
        ['x-A', '1'],
        ['X-a', '2'],
        ['Content-Length', '3'],
      ],
      body: Buffer.from('abc'),
      complete: true,
      departures: [],
      connection: 0,
    });
  });

  test('with every byte of its connection', async () => {
    const bytes = Buffer.concat([
      Buffer.from(post('Content-Length: 256', '')),
      Buffer.from([...Array(256).keys()]),
    ]);
    await seen(bytes.toString('latin1'));
    expect(upstream.connections).toEqual([bytes]);
    expect(upstream.bytesReceived).toBe(bytes.length);
    expect(upstream.requests[0]?.body).toEqual(bytes.subarray(-256));
  });

  test('when its bytes come one by one', async () => {
    const bytes =
      post('Transfer-Encoding: chunked', '2\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n').match(/[^]/g) ?? [];
    const answer = await rawHttp({ port: upstream.port, bytes: bytes.flatMap((byte) => [byte, 0]) });
    expect(answer.response.status).toBe(200);
    expect(upstream.requests[0]).toMatchObject({
      body: Buffer.from('abc'),
      trailers: [['T', '1']],
      departures: [],
    });
  });

  test('before its body has ended, and is not complete then', async () => {
    const connection = await openRawConnection({ port: upstream.port });
    await connection.write(post('Content-Length: 4', 'ab'));
    await upstream.settle();
    expect(upstream.requests[0]).toMatchObject({ body: Buffer.from('ab'), complete: false });
    await connection.write('cd');
    await connection.read();
    expect(upstream.requests[0]).toMatchObject({ body: Buffer.from('abcd'), complete: true });
    connection.close();
  });

  test('with a target that holds blanks and bytes above 127', async () => {
    await seen('GET /a b\u00e9\u0001 HTTP/1.0\r\n\r\n');
    expect(upstream.requests[0]).toMatchObject({
      target: '/a b\u00e9\u0001',
      version: 'HTTP/1.0',
      headers: [],
    });
  });
});

interface Shape {
  readonly name: string;
  readonly bytes: string;
  /** `target body` of every request that must be seen. */
  readonly requests: string[];
  readonly departures?: string[];
  readonly malformed?: RegExp;
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';
const shapes: Shape[] = [
  {
    name: 'two pipelined requests',
    bytes: post('Content-Length: 1', 'x') + smuggled,
    requests: ['/a x', '/smuggled '],
    departures: [],
  },
  {
    name: 'Content-Length and Transfer-Encoding with a request behind the last chunk',
    bytes: post(
      `Content-Length: ${5 + smuggled.length}\r\nTransfer-Encoding: chunked`,
      `0\r\n\r\n${smuggled}`,
    ),
    requests: ['/a ', '/smuggled '],
    departures: ['Content-Length beside Transfer-Encoding'],
  },
  {
    name: 'Transfer-Encoding: xchunked',
    bytes: post('Transfer-Encoding: xchunked\r\nContent-Length: 0', smuggled),
    requests: [],
    malformed: /Transfer-Encoding "xchunked"/,
  },
  {
    name: 'Transfer-Encoding: chunked, identity',
    bytes: post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${smuggled}`),
    requests: [],
    malformed: /Transfer-Encoding "chunked, identity"/,
  },
  {
    name: 'Transfer-Encoding with a vertical tab before chunked',
    bytes: post('Transfer-Encoding: \u000bchunked', `0\r\n\r\n${smuggled}`),
    requests: ['/a ', '/smuggled '],
    departures: ['unusual Transfer-Encoding'],
  },
  {
    name: 'Transfer-Encoding with a space before its colon',
    bytes: post('Transfer-Encoding : chunked', `1\r\nx\r\n0\r\n\r\n`),
    requests: ['/a x'],
    departures: ['space before colon'],
  },
  {
    name: 'Transfer-Encoding on two lines',
    bytes: post('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked', `1\r\nx\r\n0\r\n\r\n`),
    requests: ['/a x'],
    departures: ['unusual Transfer-Encoding'],
  },
  {
    name: 'a chunk extension',
    bytes: post('Transfer-Encoding: chunked', `1;a="b"\r\nx\r\n0\r\n\r\n`),
    requests: ['/a x'],
    departures: ['chunk extension'],
  },
  {
    name: 'a chunk size line that ends with a bare LF',
    bytes: post('Transfer-Encoding: chunked', `1\nx\r\n0\r\n\r\n`),
    requests: ['/a x'],
    departures: ['bare LF'],
  },
  {
    name: 'a chunk longer than its size',
    bytes: post('Transfer-Encoding: chunked', `1\r\nxyz\r\n0\r\n\r\n`),
    requests: ['/a x'],
    malformed: /after a chunk's data: "yz"/,
  },
  {
    name: 'a chunk size of -1',
    bytes: post('Transfer-Encoding: chunked', `-1\r\nx\r\n0\r\n\r\n`),
    requests: ['/a '],
    malformed: /a chunk size of "-1"/,
  },
  {
    name: 'a folded header',
    bytes: 'GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\tTransfer-Encoding: chunked\r\n\r\n',
    requests: ['/a '],
    departures: ['obs-fold'],
  },
  {
    name: 'a fold before the first header',
    bytes: 'GET /a HTTP/1.1\r\n Host: h\r\n\r\n',
    requests: [],
    malformed: /folded line before the first/,
  },
  {
    name: 'lines that end with a bare LF',
    bytes: 'GET /a HTTP/1.1\nHost: h\n\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n',
    requests: ['/a ', '/b '],
    departures: ['bare LF'],
  },
  {
    name: 'one header line that ends with a bare LF',
    bytes: 'GET /a HTTP/1.1\r\nHost: h\nX: 1\r\n\r\n',
    requests: ['/a '],
    departures: ['bare LF'],
  },
  {
    name: 'a bare CR in a header, which ends nothing',
    bytes: 'GET /a HTTP/1.1\r\nX: 1\rY: 2\r\n\r\n',
    requests: ['/a '],
    departures: [],
  },
  {
    name: 'two equal Content-Length lines',
    bytes: post('Content-Length: 1\r\ncontent-length: 1', 'x'),
    requests: ['/a x'],
    departures: ['several Content-Length values'],
  },
  {
    name: 'two Content-Length lines that differ',
    bytes: post('Content-Length: 0\r\nContent-Length: 1', 'x'),
    requests: [],
    malformed: /values differ/,
  },
  { name: 'Content-Length: +1', bytes: post('Content-Length: +1', 'x'), requests: [], malformed: /"\+1"/ },
  { name: 'no version', bytes: 'GET /a\r\n\r\n', requests: [], malformed: /request line/ },
  {
    name: 'a header without a colon',
    bytes: 'GET /a HTTP/1.1\r\nHost\r\n\r\n',
    requests: [],
    malformed: /without a name/,
  },
  { name: 'a TLS hello', bytes: '\u0016\u0003\u0001\u0002', requests: [], malformed: /not HTTP/ },
  {
    name: 'a head that breaks off',
    bytes: 'GET /a HTTP/1.1\r\nHost: h\r\n',
    requests: [],
    malformed: /within a head/,
  },
  {
    name: 'a body that breaks off',
    bytes: post('Content-Length: 9', 'x'),
    requests: ['/a x'],
    malformed: /within a body/,
  },
  { name: 'empty lines alone', bytes: '\r\n\n\r\n', requests: [] },
];

describe('shapes', () => {
  test.each(shapes)('$name', async ({ bytes, requests, departures, malformed }) => {
    await seen(bytes);
    expect(upstream.requests.map(({ target, body }) => `${target} ${body.toString()}`)).toEqual(requests);
    if (departures !== undefined) expect(upstream.requests[0]?.departures).toEqual(departures);
    if (malformed === undefined) expect(upstream.malformed).toEqual([]);
    else {
      expect(upstream.malformed).toHaveLength(1);
      expect(upstream.malformed[0]?.reason).toMatch(malformed);
      expect(upstream.malformed[0]?.malformed.toString('latin1')).toBe(bytes);
    }
    expect(upstream.connections.map(String)).toEqual([bytes]);
  });

  test('a malformed request behind a good one is recorded without it', async () => {
    await seen(`${smuggled}BAD\r\n\r\n`);
    expect(upstream.requests).toHaveLength(1);
    expect(upstream.malformed.map(({ malformed }) => String(malformed))).toEqual(['BAD\r\n\r\n']);
  });
});

describe('replies', () => {
  const get = (path: string): Buffer => requestBytes(`GET ${path} HTTP/1.1`, [['Host', 'h']]);

  test('are 200, {} and keep the connection by default', async () => {
    const connection = await openRawConnection({ port: upstream.port });
    for (const path of ['/1', '/2']) {
      await connection.write(get(path));
      const { response, closed } = await connection.read();
      expect({ status: response.status, body: String(response.body), closed }).toEqual({
        status: 200,
        body: '{}',
        closed: false,
      });
    }
    connection.close();
    expect(upstream.requests.map(({ target, connection: number }) => [target, number])).toEqual([
      ['/1', 0],
      ['/2', 0],
    ]);
  });

  test('to pipelined requests keep their order, a slow one first', async () => {
    upstream.respond('/slow', async () => {
      await delay(50);
      return { body: 'slow' };
    });
    upstream.respond('/fast', { body: 'fast' });
    const bytes = Buffer.concat([get('/slow?q'), get('/fast')]);
    const { responses } = await rawHttp({ port: upstream.port, bytes, responses: 2 });
    expect(responses.map(({ body }) => String(body))).toEqual(['slow', 'fast']);
  });

  test('stream pieces as they come', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    upstream.respond(() => ({
      headers: [['Content-Type', 'application/x-ndjson']],
      body: (async function* () {
        yield 'first\n';
        await held;
        yield 'second\n';
      })(),
    }));
    const connection = await openRawConnection({ port: upstream.port });
    await connection.write(get('/'));
    expect(String(await connection.readUntil('first\n'))).not.toContain('second');
    release();
    expect(String((await connection.read()).response.body)).toBe('first\nsecond\n');
    connection.close();
  });

  test('carry any header, in its order and case', async () => {
    const headers = [
      ['set-COOKIE', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['X-Accel-Redirect', '/secret'],
    ] as const;
    upstream.respond({ status: 418, headers });
    const { response } = await rawHttp({ port: upstream.port, bytes: get('/') });
    expect(response.status).toBe(418);
    expect(response.headers).toEqual([...headers, ['Content-Length', '2']]);
  });

  test('to HEAD have no body', async () => {
    const bytes = Buffer.concat([requestBytes('HEAD / HTTP/1.1', []), get('/')]);
    const { responses, rest } = await rawHttp({
      port: upstream.port,
      bytes,
      responses: 2,
      methods: ['HEAD', 'GET'],
    });
    expect(responses.map(({ body }) => String(body))).toEqual(['', '{}']);
    expect(rest).toHaveLength(0);
  });

  test('can end early: a length that is not kept', async () => {
    upstream.respond({ body: 'x'.repeat(1000), cutAfterBytes: 200, connection: 'reset' });
    const { responses, error } = await rawHttp({ port: upstream.port, bytes: get('/') });
    expect(responses).toHaveLength(1);
    expect(responses[0]).toMatchObject({ complete: false });
    expect(responses[0]?.body.length).toBeGreaterThan(0);
    expect(error).toBe('ECONNRESET');
  });

  test('can end with the connection', async () => {
    upstream.respond(() => ({ body: ['a', 'b'], connection: 'close' }));
    const { response, closed } = await rawHttp({ port: upstream.port, bytes: get('/') });
    expect(String(response.body)).toBe('ab');
    expect(closed).toBe(true);
  });

  test('can open a tunnel: after a 101 bytes are kept and not read as HTTP', async () => {
    upstream.respond('/up', { status: 101, headers: [['Upgrade', 'x']] });
    const connection = await openRawConnection({ port: upstream.port });
    await connection.write(get('/up'));
    expect((await connection.read()).response.status).toBe(101);
    await connection.write(smuggled);
    await upstream.settle();
    expect(upstream.requests).toHaveLength(1);
    expect(String(upstream.connections[0])).toContain('/smuggled');
    connection.close();
  });

  test('can be raw bytes', async () => {
    upstream.respond({ raw: 'HTTP/1.1 200 OK\nContent-Length: 1\n\nx' });
    const { response } = await rawHttp({ port: upstream.port, bytes: get('/') });
    expect(response).toMatchObject({ status: 200, body: Buffer.from('x'), departures: ['bare LF'] });
  });

  test('that fail to be made show when the upstream settles', async () => {
    upstream.respond(() => {
      throw new Error('a broken script');
    });
    expect((await rawHttp({ port: upstream.port, bytes: get('/') })).closed).toBe(true);
    await expect(upstream.settle()).rejects.toThrow('a scripted reply failed');
  });

  test.each([
    ['small pieces', 1_000],
    ['pieces that fill the socket', 10_000_000],
  ])('survive a client that goes in mid stream: %s', async (_name, size) => {
    let ended = false;
    upstream.respond(() => ({
      body: (async function* () {
        try {
          for (;;) {
            yield 'x'.repeat(size);
            await delay(1);
          }
        } finally {
          ended = true;
        }
      })(),
    }));
    const connection = await openRawConnection({ port: upstream.port });
    await connection.write(get('/'));
    await connection.readUntil('xxx');
    connection.close('reset');
    await expect.poll(() => ended).toBe(true);
    await upstream.settle();
    upstream.reset();
    expect((await rawHttp({ port: upstream.port, bytes: get('/') })).response.status).toBe(200);
  });
});

describe('reset', () => {
  test('forgets records and scripts; an open connection is listed again at its next byte', async () => {
    const connection = await openRawConnection({ port: upstream.port });
    upstream.respond({ status: 500 });
    await connection.write(smuggled);
    expect((await connection.read()).response.status).toBe(500);
    upstream.reset();
    expect([upstream.requests, upstream.connections, upstream.bytesReceived]).toEqual([[], [], 0]);
    await connection.write(smuggled);
    expect((await connection.read()).response.status).toBe(200);
    expect(upstream.requests[0]?.connection).toBe(0);
    expect(upstream.connections.map(String)).toEqual([smuggled]);
    connection.close();
  });

  test('a connection without a byte is seen as well', async () => {
    const connection = await openRawConnection({ port: upstream.port });
    await upstream.settle();
    expect(upstream.connections).toEqual([Buffer.alloc(0)]);
    expect(upstream.bytesReceived).toBe(0);
    connection.close();
  });
});
