import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from './free-port.ts';
import {
  http2Request,
  openHttp2,
  openRawConnection,
  rawHttp,
  rawHttp2,
  requestBytes,
  valuesOf,
  type TlsClient,
} from './raw-http.ts';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

let folder: TemporaryFolder;
let identity: { cert: Buffer; key: Buffer };
const servers: (Server | Http2SecureServer)[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  const [cert, key] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
      .concat(['-subj', '/CN=gateway.test', '-addext', 'subjectAltName=DNS:gateway.test'])
      .concat(['-keyout', key, '-out', cert]),
    { stdio: 'ignore' },
  );
  identity = { cert: readFileSync(cert), key: readFileSync(key) };
});
afterAll(async () => {
  for (const server of servers) server.close();
  await folder.remove();
});

async function listen(server: Server | Http2SecureServer): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server that answers any first bytes of a connection with these. */
const canned = (bytes: string, then: 'keep' | 'end' = 'end'): Promise<number> =>
  listen(
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(Buffer.from(bytes, 'latin1'));
        if (then === 'end') socket.end();
      });
    }),
  );

const get = requestBytes('GET / HTTP/1.1', [['Host', 'localhost']]);

describe('rawHttp reads', () => {
  test.each([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab', ['200 ab']],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n',
      ['200 ab'],
    ],
    ['to the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nab', ['200 ab']],
    ['no reason phrase', 'HTTP/1.1 401\r\nContent-Length: 0\r\n\r\n', ['401 ']],
    ['a 100 before the answer', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n', ['204 ']],
    [
      'two answers to one request',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 403 F\r\nContent-Length: 1\r\n\r\nb',
      ['200 a', '403 b'],
    ],
    ['a body cut short', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab', ['200 ab (cut)']],
    ['what is not HTTP/1', '<html>no head</html>\r\n\r\n', ['0 <html>no head</html>\r\n\r\n (cut)']],
    ['nothing', '', []],
  ])('%s', async (_name, bytes, expected) => {
    const { responses, closed } = await rawHttp({ port: await canned(bytes), bytes: get, responses: 9 });
    expect(responses.map((r) => `${r.status} ${String(r.body)}${r.complete ? '' : ' (cut)'}`)).toEqual(
      expected,
    );
    expect(closed).toBe(true);
  });

  test('headers in order and case', async () => {
    const port = await canned('HTTP/1.1 200 OK\r\nX-b: 1\r\nx-B: 2\r\nContent-length: 0\r\n\r\n');
    const { response } = await rawHttp({ port, bytes: get });
    expect(response.headers).toEqual([
      ['X-b', '1'],
      ['x-B', '2'],
      ['Content-length', '0'],
    ]);
    expect(valuesOf(response.headers, 'X-B')).toEqual(['1', '2']);
  });
});

describe('rawHttp tells', () => {
  test('a refused connection', async () => {
    const answer = await rawHttp({ port: await freePort(), bytes: get });
    expect(answer).toMatchObject({ error: 'ECONNREFUSED', responses: [], closed: true });
    expect(() => answer.response).toThrow('no response: ECONNREFUSED');
  });

  test('silence', async () => {
    const answer = await rawHttp({ port: await canned('', 'keep'), bytes: get, timeoutMs: 50 });
    expect(answer).toMatchObject({ timedOut: true, closed: false, responses: [] });
    expect(() => answer.response).toThrow('no response: no answer in time');
  });

  test('a malformed response', async () => {
    const port = await canned('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n', 'keep');
    expect((await rawHttp({ port, bytes: get })).error).toBe('malformed response: Content-Length "x"');
  });

  test('whether the connection was closed after the answer', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    const options = { bytes: get, lingerMs: 200 };
    expect((await rawHttp({ port: await canned(bytes, 'keep'), ...options })).closed).toBe(false);
    expect((await rawHttp({ port: await canned(bytes, 'end'), ...options, lingerMs: 5000 })).closed).toBe(
      true,
    );
  });
});

describe('over TLS', () => {
  const answering = (options: { requestCert?: boolean } = {}): Promise<number> =>
    listen(
      createTlsServer(
        { ...identity, ...options, ca: identity.cert, rejectUnauthorized: options.requestCert ?? false },
        (socket) => {
          socket.on('error', () => undefined);
          socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
        },
      ),
    );
  const client = (): TlsClient => ({ ca: identity.cert, servername: 'gateway.test' });

  test('a session is handed out and resumed', async () => {
    const port = await answering();
    const first = await rawHttp({ port, tls: client(), bytes: get });
    expect(first.response.status).toBe(200);
    expect(first.tls).toMatchObject({ protocol: 'TLSv1.3', resumed: false });
    const session = first.tls?.session;
    if (session === undefined) throw new Error('no session');
    const second = await rawHttp({ port, tls: { ...client(), session }, bytes: get });
    expect(second.response.status).toBe(200);
    expect(second.tls?.resumed).toBe(true);
  });

  test('a missing client certificate is an error, a given one is not', async () => {
    const port = await answering({ requestCert: true });
    const without = await rawHttp({ port, tls: client(), bytes: get });
    expect(without).toMatchObject({ responses: [], error: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
    const given = await rawHttp({ port, tls: { ...client(), ...identity }, bytes: get });
    expect(given.response.status).toBe(200);
  });

  test('a wrong name is an error when a CA is given', async () => {
    const tls = { ca: identity.cert, servername: 'other.test' };
    const { error } = await rawHttp({ port: await answering(), tls, bytes: get });
    expect(error).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('a kept connection serves request after request', async () => {
    const connection = await openRawConnection({ port: await answering(), tls: client() });
    for (let round = 0; round < 3; round += 1) {
      await connection.write(get);
      expect((await connection.read()).responses).toHaveLength(1);
    }
    connection.close();
  });
});

describe('HTTP/2', () => {
  let port: number;
  const seen: Record<string, unknown>[] = [];
  beforeAll(async () => {
    const server = createSecureServer({ ...identity }, undefined);
    server.on('session', (session) => session.on('error', () => undefined));
    server.on('stream', (stream, headers) => {
      seen.push(headers);
      stream.on('error', () => undefined);
      const path = headers[':path'] ?? '';
      const status = /^\/status\/(\d+)$/.exec(path)?.[1];
      if (path === '/reset') stream.close(7);
      else if (path === '/goaway') stream.session?.goaway(11);
      else if (path === '/destroy') stream.session?.destroy();
      else if (path === '/silent') return;
      else {
        stream.respond({ ':status': Number(status ?? 200), 'x-path': path });
        stream.pipe(stream);
      }
    });
    port = await listen(server);
  });
  const tls = (): TlsClient => ({ ca: identity.cert, servername: 'gateway.test' });

  test('a foreign :authority is sent as given, the body comes back', async () => {
    const headers = { ':method': 'POST', ':path': '/a', ':authority': 'evil.example' };
    const answer = await http2Request({ port, tls: tls(), headers, body: 'abc' });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('abc'), complete: true, timedOut: false });
    expect(answer.headers['x-path']).toBe('/a');
    expect(seen.at(-1)).toMatchObject({ ':authority': 'evil.example' });
  });

  test('one connection serves requests side by side', async () => {
    const connection = await openHttp2({ port, tls: tls() });
    const answers = await Promise.all(
      [200, 401, 429].map((s) => connection.request({ headers: { ':path': `/status/${s}` } })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 429]);
    expect(connection.tls).toMatchObject({ protocol: 'TLSv1.3', alpn: 'h2' });
    connection.close();
  });

  test.each([
    ['/reset', { status: 0, reset: 'REFUSED_STREAM', error: 'ERR_HTTP2_STREAM_ERROR' }],
    ['/goaway', { status: 0, goaway: 'ENHANCE_YOUR_CALM' }],
    ['/destroy', { status: 0, complete: false }],
    ['/silent', { status: 0, timedOut: true }],
  ])('%s is an answer', async (path, expected) => {
    const timeoutMs = path === '/silent' ? 50 : 5000;
    expect(await http2Request({ port, tls: tls(), headers: { ':path': path }, timeoutMs })).toMatchObject(
      expected,
    );
  });

  test('a server without h2 is an error', async () => {
    const only1 = await listen(createTlsServer({ ...identity, ALPNProtocols: ['http/1.1'] }));
    const { error, status } = await http2Request({ port: only1, tls: tls(), headers: {} });
    expect(status).toBe(0);
    expect(error).toMatch(/NO_H2|ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL/);
  });

  test('a refused connection is an answer', async () => {
    expect((await http2Request({ port: await freePort(), headers: {} })).error).toBe('ECONNREFUSED');
    expect((await rawHttp2({ port: await freePort(), headers: [] })).error).toBe('ECONNREFUSED');
  });

  const pseudo = (path: string) =>
    [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':path', path],
      [':authority', 'gateway.test'],
    ] as const;

  test.each([200, 204, 206, 304, 400, 401, 403, 404, 413, 421, 429, 500, 502, 503])(
    'hand-made frames read the status %i',
    async (status) => {
      const answer = await rawHttp2({ port, tls: tls(), headers: pseudo(`/status/${status}`) });
      expect(answer).toMatchObject({ status, complete: true, timedOut: false });
    },
  );

  test('hand-made frames carry a body and long values', async () => {
    const headers = [...pseudo('/a'), ['x-long', 'v'.repeat(1000)]] as const;
    const answer = await rawHttp2({ port, tls: tls(), headers, body: 'abc', trailers: [['t', '1']] });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('abc'), complete: true });
    expect(seen.at(-1)).toMatchObject({ 'x-long': 'v'.repeat(1000) });
  });

  test.each([
    ['an upper case name', [...pseudo('/a'), ['X-Up', '1']]],
    ['transfer-encoding', [...pseudo('/a'), ['transfer-encoding', 'chunked']]],
    ['a line break in the path', pseudo('/a\r\nx-b: 2')],
    ['a pseudo header twice', [...pseudo('/a'), [':path', '/b']]],
    ['a pseudo header after a field', [['x-a', '1'], ...pseudo('/a')]],
  ] as [string, readonly (readonly [string, string])[]][])(
    '%s, which no library would send, reaches the server',
    async (_n, headers) => {
      const before = seen.length;
      const { reset, goaway, status } = await rawHttp2({ port, tls: tls(), headers });
      // RFC 9113, 8.1.1: a malformed request is a stream error of type PROTOCOL_ERROR.
      expect({ status, code: reset ?? goaway }).toEqual({ status: 0, code: 'PROTOCOL_ERROR' });
      expect(seen).toHaveLength(before);
    },
  );
});
