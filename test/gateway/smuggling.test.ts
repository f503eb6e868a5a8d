import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rawHttp, rawHttp2, type HeaderList, type RawTarget } from '../support/raw-http.ts';
import { startTestGateway, testServerName, type TestGateway } from '../support/test-gateway.ts';
import { requestsAt, targetOf } from './support/asking.ts';

let gateway: TestGateway;
let ci: RawTarget;

beforeAll(async () => {
  gateway = await startTestGateway();
  ci = targetOf(gateway, await gateway.identity('ci'));
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

const host = `Host: ${testServerName}\r\n`;
const forbidden = `DELETE /api/delete HTTP/1.1\r\n${host}X-Service-Name: admin\r\n\r\n`;
/** A body as one chunk. */
const chunked = (body: string): string => `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const post = (fields: string, body = ''): string =>
  `POST /ollama/api/chat HTTP/1.1\r\n${host}${fields}\r\n${body}`;
const get = (fields = ''): string => `GET /ollama/api/tags HTTP/1.1\r\n${host}${fields}\r\n`;

const chat = (body: string): string => `POST /api/chat ${JSON.stringify(body)}`;
const tags = 'GET /api/tags ""';

/** What reached the upstream, every request of it right to the letter and under the right name. */
async function seen(): Promise<string[]> {
  const requests = await requestsAt(gateway.upstream);
  for (const { headers, trailers } of requests) {
    expect(headers).toContainEqual(['X-Service-Name', 'ci']);
    expect(trailers).toEqual([]);
    expect(
      headers.map(([name]) => name.toLowerCase()).filter((name) => name === 'transfer-encoding'),
    ).toEqual([]);
  }
  // The bytes themselves, for a request that a reader would take for the body of another.
  for (const bytes of gateway.upstream.connections)
    expect(bytes.toString('latin1')).not.toMatch(/^(?:DELETE|GET) \/api\/delete HTTP/m);
  return requests.map(
    ({ method, target, body }) => `${method} ${target} ${JSON.stringify(body.toString('latin1'))}`,
  );
}

interface Case {
  readonly name: string;
  readonly bytes: string;
  /** What has to have reached the upstream. */
  readonly upstream: readonly string[];
  /** In order: there are no more. */
  readonly statuses: readonly number[];
}

const refused = (name: string, bytes: string, status = 400): Case => ({
  name,
  bytes: bytes + forbidden,
  upstream: [],
  statuses: [status],
});
const refusals: readonly Case[] = [
  // Two kinds of length
  refused(
    'Content-Length, then Transfer-Encoding',
    post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', chunked('abcd')),
  ),
  refused(
    'Transfer-Encoding, then Content-Length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', chunked('abcd')),
  ),
  // Nothing behind a GET is read as one: it has no body here.
  refused('a body on a GET', get('Content-Length: 4\r\n') + 'abcd', 413),
  refused('both on a GET', get('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n') + '0\r\n\r\n'),
  refused(
    'both, in HTTP/1.0',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n').replace('1.1', '1.0'),
  ),
  // Spellings of Transfer-Encoding
  refused('Transfer-Encoding: xchunked', post('Transfer-Encoding: xchunked\r\n'), 501),
  refused('Transfer-Encoding: identity', post('Transfer-Encoding: identity\r\n'), 501),
  refused('Transfer-Encoding: gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n'), 501),
  refused('Transfer-Encoding: chunked, identity', post('Transfer-Encoding: chunked, identity\r\n'), 501),
  refused('Transfer-Encoding: chunked, chunked', post('Transfer-Encoding: chunked, chunked\r\n'), 501),
  refused('Transfer-Encoding: "chunked"', post('Transfer-Encoding: "chunked"\r\n'), 501),
  refused('Transfer-Encoding: chunked; q=1', post('Transfer-Encoding: chunked; q=1\r\n'), 501),
  refused('Transfer-Encoding: nothing', post('Transfer-Encoding:\r\n'), 501),
  refused(
    'Transfer-Encoding twice',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', chunked('a')),
  ),
  refused(
    'Transfer-Encoding twice, one of them identity',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', chunked('a')),
  ),
  refused('a vertical tab before chunked', post('Transfer-Encoding: \x0bchunked\r\n', chunked('a')), 501),
  refused('a tab before chunked', post('Transfer-Encoding:\tchunked\r\n', chunked('a')), 501),
  refused('a space before the colon', post('Transfer-Encoding : chunked\r\n', chunked('a'))),
  refused('a tab before the colon', post('Transfer-Encoding\t: chunked\r\n', chunked('a'))),
  refused(
    'Transfer-Encoding in HTTP/1.0',
    post('Transfer-Encoding: chunked\r\n', chunked('a')).replace('1.1', '1.0'),
  ),
  // Content-Length
  refused('two equal Content-Lengths', post('Content-Length: 1\r\nContent-Length: 1\r\n', 'a')),
  refused('two Content-Lengths that differ', post('Content-Length: 1\r\nContent-Length: 99\r\n', 'a')),
  refused('Content-Length: 1, 1', post('Content-Length: 1, 1\r\n', 'a')),
  refused('Content-Length: +1', post('Content-Length: +1\r\n', 'a')),
  refused('Content-Length: -1', post('Content-Length: -1\r\n', 'a')),
  refused('Content-Length: 0x1', post('Content-Length: 0x1\r\n', 'a')),
  refused('Content-Length: 1 0', post('Content-Length: 1 0\r\n', 'a')),
  refused('Content-Length: 1.0', post('Content-Length: 1.0\r\n', 'a')),
  refused('Content-Length: 1e0', post('Content-Length: 1e0\r\n', 'a')),
  refused('Content-Length: nothing', post('Content-Length:\r\n', 'a')),
  refused('Content-Length: over 64 bits', post('Content-Length: 18446744073709551617\r\n', 'a')),
  refused('Content-Length: over 63 bits', post('Content-Length: 9223372036854775808\r\n', 'a')),
  refused('Content-Length with a NUL', post('Content-Length: 1\0\r\n', 'a')),
  refused('a space before the colon of Content-Length', post('Content-Length : 1\r\n', 'a')),
  // Lines
  refused('a folded header', post('X: a\r\n b: c\r\nContent-Length: 1\r\n', 'a')),
  refused('a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked\r\n', chunked('a'))),
  refused('a header without a name', post(': a\r\nContent-Length: 1\r\n', 'a')),
  refused('a NUL in a header', post('X: a\0b\r\nContent-Length: 1\r\n', 'a')),
  refused('a NUL in a name', post('X\0: a\r\nContent-Length: 1\r\n', 'a')),
  refused('a bare CR in a header', post('X: a\rTransfer-Encoding: chunked\r\n', chunked('a'))),
  refused('two spaces before the version', 'GET /ollama/api/tags  HTTP/1.2x\r\n'),
  refused('a lower-case method', get().replace('GET', 'get')),
  refused('a method with a letter outside ASCII', get().replace('GET', 'G\xc9T')),
  refused('HTTP/2.0 in a request line', get().replace('HTTP/1.1', 'HTTP/2.0'), 505),
  refused('HTTP/11', get().replace('HTTP/1.1', 'HTTP/11'), 505),
  refused('another protocol', get().replace('HTTP/1.1', 'ICY/1.1')),
  // Chunks
  refused('a chunk size that is no number', post('Transfer-Encoding: chunked\r\n', 'g\r\na\r\n0\r\n\r\n')),
  refused('a negative chunk size', post('Transfer-Encoding: chunked\r\n', '-1\r\na\r\n0\r\n\r\n')),
  refused('a chunk size with 0x', post('Transfer-Encoding: chunked\r\n', '0x1\r\na\r\n0\r\n\r\n')),
  refused(
    'a chunk size over 64 bits',
    post('Transfer-Encoding: chunked\r\n', '10000000000000001\r\na\r\n0\r\n\r\n'),
  ),
  refused('no chunk size', post('Transfer-Encoding: chunked\r\n', '\r\na\r\n0\r\n\r\n')),
  refused('a chunk longer than its size', post('Transfer-Encoding: chunked\r\n', '1\r\nab\r\n0\r\n\r\n')),
  refused('a huge chunk size', post('Transfer-Encoding: chunked\r\n', 'fffffffff\r\na\r\n0\r\n\r\n'), 413),
];

/** One request, read in one way only, and what follows it is a request by itself. */
const accepted: readonly Case[] = [
  {
    name: 'a body that looks like a request',
    bytes: post(`Content-Length: ${forbidden.length}\r\n`, 'x'.repeat(forbidden.length)),
    upstream: [chat('x'.repeat(forbidden.length))],
    statuses: [200],
  },
  {
    name: 'chunks',
    bytes: post('Transfer-Encoding: chunked\r\n', chunked('abcd')),
    upstream: [chat('abcd')],
    statuses: [200],
  },
  {
    name: 'CHUNKED in capitals',
    bytes: post('Transfer-Encoding: CHUNKED\r\n', chunked('a')),
    upstream: [chat('a')],
    statuses: [200],
  },
  {
    name: 'chunk extensions',
    bytes: post('Transfer-Encoding: chunked\r\n', '1;x=y\r\na\r\n0;y=z\r\n\r\n'),
    upstream: [chat('a')],
    statuses: [200],
  },
  {
    name: 'a chunk size with zeros in front',
    bytes: post('Transfer-Encoding: chunked\r\n', '0001\r\na\r\n0\r\n\r\n'),
    upstream: [chat('a')],
    statuses: [200],
  },
  {
    name: 'trailers with a name and a length',
    bytes: post(
      'Transfer-Encoding: chunked\r\nTrailer: X-Service-Name\r\n',
      '1\r\na\r\n0\r\nX-Service-Name: admin\r\nContent-Length: 99\r\n\r\n',
    ),
    upstream: [chat('a')],
    statuses: [200],
  },
  {
    name: 'Content-Length with zeros in front',
    bytes: post('Content-Length: 0001\r\n', 'a'),
    upstream: [chat('a')],
    statuses: [200],
  },
  {
    name: 'a line without a colon, which nginx leaves out',
    bytes: post('Garbage\r\nContent-Length: 1\r\n', 'a'),
    upstream: [chat('a')],
    statuses: [200],
  },
  {
    name: 'bare LF at the end of lines',
    bytes: get().replaceAll('\r\n', '\n'),
    upstream: [tags],
    statuses: [200],
  },
  { name: 'empty lines in front', bytes: `\r\n\r\n${get()}`, upstream: [tags], statuses: [200] },
  {
    name: 'a header with an underscore',
    bytes: get('Content_Length: 9\r\nTransfer_Encoding: chunked\r\n'),
    upstream: [tags],
    statuses: [200],
  },
  { name: 'HTTP/1.0', bytes: get().replace('1.1', '1.0'), upstream: [tags], statuses: [200] },
  { name: 'HTTP/1.9', bytes: get().replace('1.1', '1.9'), upstream: [tags], statuses: [200] },
];

/** After each of these the forbidden request is read as one and refused. */
const pipelined: readonly Case[] = [
  ...accepted
    .filter(({ name }) => name !== 'HTTP/1.0')
    .map((one) => ({ ...one, bytes: one.bytes + forbidden, statuses: [...one.statuses, 403] })),
  {
    name: 'HTTP/1.0, which ends the connection',
    bytes: get().replace('1.1', '1.0') + forbidden,
    upstream: [tags],
    statuses: [200],
  },
  {
    name: 'HTTP/1.0 that wants to go on',
    bytes: get('Connection: keep-alive\r\n').replace('1.1', '1.0') + forbidden,
    upstream: [tags],
    statuses: [200, 403],
  },
  {
    name: 'Connection: close',
    bytes: get('Connection: close\r\n') + forbidden,
    upstream: [tags],
    statuses: [200],
  },
  {
    name: 'an open and a closed route and an open one',
    bytes: get() + forbidden + get(),
    upstream: [tags, tags],
    statuses: [200, 403, 200],
  },
  {
    name: 'a refused body that holds the request',
    bytes: `POST /ollama/api/pull HTTP/1.1\r\n${host}Content-Length: ${forbidden.length}\r\n\r\n${forbidden}`,
    upstream: [],
    statuses: [403],
  },
];

describe('over HTTP/1', () => {
  const check = async ({ bytes, upstream, statuses }: Case): Promise<void> => {
    const { responses } = await rawHttp({
      ...ci,
      bytes,
      responses: statuses.length,
      methods: statuses.map(() => 'GET'),
      lingerMs: 40,
      timeoutMs: 4_000,
    });
    expect(await seen()).toEqual(upstream);
    expect(responses.map(({ status }) => status)).toEqual(statuses);
  };
  test.each(refusals)('refused, and nothing behind it is read: $name', check);
  test.each(accepted)('one request: $name', check);
  test.each(pipelined)('and then a forbidden request, which is refused: $name', check);

  test('HTTP/0.9 reaches Ollama as nothing', async () => {
    await rawHttp({ ...ci, bytes: 'GET /ollama/api/tags\r\n', lingerMs: 40, timeoutMs: 1_000 });
    expect(await seen()).toEqual([]);
  });

  test('a body that comes short is not forwarded, nor finished by the next bytes', async () => {
    const { responses } = await rawHttp({
      ...ci,
      bytes: post('Content-Length: 500\r\n', forbidden),
      timeoutMs: 300,
    });
    expect(responses).toEqual([]);
    expect(await seen()).toEqual([]);
  });
});

type RefusedRow = [name: string, headers: HeaderList, body?: string];
type ServedRow = [name: string, headers: HeaderList, trailers?: HeaderList];

describe('over HTTP/2', () => {
  const usual: HeaderList = [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':path', '/ollama/api/chat'],
    [':authority', testServerName],
  ];
  /** The pseudo headers, some with another value; undefined leaves one out. */
  const pseudo = (change: Readonly<Record<string, string | undefined>> = {}): HeaderList =>
    usual.flatMap(([name, value]) => {
      const changed = name in change ? change[name] : value;
      return changed === undefined ? [] : [[name, changed] as const];
    });
  const ask = (headers: HeaderList, body?: string, trailers?: HeaderList) =>
    rawHttp2({
      ...ci,
      headers,
      timeoutMs: 3_000,
      ...(body === undefined ? {} : { body }),
      ...(trailers === undefined ? {} : { trailers }),
    });

  test.each([
    ['a line break in a value', [...pseudo(), ['x', `a\r\n\r\n${forbidden}`]], 'a'],
    ['a line feed in a value', [...pseudo(), ['content-type', 'a\nTransfer-Encoding: chunked']], 'a'],
    ['a NUL in a value', [...pseudo(), ['content-type', 'a\0b']], 'a'],
    ['a line break in a name', [...pseudo(), ['x\r\nb', 'a']], 'a'],
    ['a colon in a name', [...pseudo(), ['transfer-encoding: chunked\r\nx', 'a']], 'a'],
    ['a space in a name', [...pseudo(), ['transfer-encoding ', 'chunked']], 'a'],
    ['a name in capitals', [...pseudo(), ['Transfer-Encoding', 'chunked']], 'a'],
    ['a line break in the path', pseudo({ ':path': `/ollama/api/chat HTTP/1.1\r\n\r\n${forbidden}` }), 'a'],
    ['a line break in the method', pseudo({ ':method': 'POST /api/delete HTTP/1.1\r\nX: ' }), 'a'],
    ['a line break in the authority', pseudo({ ':authority': `${testServerName}\r\nX: y` }), 'a'],
    ['a path without a slash', pseudo({ ':path': 'ollama/api/chat' }), 'a'],
    ['an empty path', pseudo({ ':path': '' }), 'a'],
    ['no path', pseudo({ ':path': undefined }), 'a'],
    ['two paths', [...pseudo(), [':path', '/ollama/api/tags']], 'a'],
    ['no method', pseudo({ ':method': undefined }), 'a'],
    ['two methods', [...pseudo(), [':method', 'GET']], 'a'],
    ['a method in small letters', pseudo({ ':method': 'post' }), 'a'],
    ['no scheme', pseudo({ ':scheme': undefined }), 'a'],
    ['two schemes', [...pseudo(), [':scheme', 'http']], 'a'],
    ['an absolute path', pseudo({ ':path': `https://${testServerName}/ollama/api/chat` }), 'a'],
    ['an asterisk as the path', pseudo({ ':path': '*', ':method': 'OPTIONS' })],
    ['a path with a space', pseudo({ ':path': '/ollama/api/chat /x' }), 'a'],
    ['a path with a version behind a space', pseudo({ ':path': '/ollama/api/chat HTTP/1.1' }), 'a'],
    ['an unknown pseudo header', [...pseudo(), [':x', 'y']], 'a'],
    [
      'a pseudo header after others',
      [...pseudo({ ':path': undefined }), ['x', 'y'], [':path', '/ollama/api/pull']],
      'a',
    ],
    ['two authorities', [...pseudo(), [':authority', 'other.test']], 'a'],
    ['authority and another host', [...pseudo(), ['host', 'other.test']], 'a'],
    ['CONNECT with a path', pseudo({ ':method': 'CONNECT' })],
    [
      'CONNECT to the upstream',
      [
        [':method', 'CONNECT'],
        [':authority', '127.0.0.1:11434'],
      ],
    ],
    ['extended CONNECT', [...pseudo({ ':method': 'CONNECT' }), [':protocol', 'websocket']]],
    ['content-length over the body', [...pseudo(), ['content-length', '10']], 'a'],
    ['content-length under the body', [...pseudo(), ['content-length', '1']], `a${forbidden}`],
    ['content-length that is none', [...pseudo(), ['content-length', '+1']], 'a'],
    ['two content-lengths', [...pseudo(), ['content-length', '1'], ['content-length', '2']], 'a'],
    ['content-length without a body', [...pseudo(), ['content-length', '5']]],
    ['an upgrade', [...pseudo(), ['connection', 'upgrade'], ['upgrade', 'websocket']], 'a'],
    ['transfer-encoding that is not chunked', [...pseudo(), ['transfer-encoding', 'xchunked']], 'a'],
  ] satisfies RefusedRow[])('refused: %s', async (...[, headers, body]: RefusedRow) => {
    const { status } = await ask(headers, body);
    expect(await seen()).toEqual([]);
    expect([0, 400, 403, 405, 421, 501]).toContain(status);
  });

  test.each([
    ['nothing wrong', pseudo()],
    ['transfer-encoding: chunked', [...pseudo(), ['transfer-encoding', 'chunked']]],
    ['connection: X-Service-Name', [...pseudo(), ['connection', 'X-Service-Name']]],
    ['connection: close', [...pseudo(), ['connection', 'close']]],
    ['keep-alive', [...pseudo(), ['keep-alive', 'timeout=1']]],
    ['te', [...pseudo(), ['te', 'gzip']]],
    ['host in place of the authority', [...pseudo({ ':authority': undefined }), ['host', testServerName]]],
  ] satisfies ServedRow[])(
    'the one request and nothing else: %s',
    async (...[, headers, trailers]: ServedRow) => {
      const { status } = await ask(headers, chunked('a'), trailers);
      expect(status).toBe(200);
      expect(await seen()).toEqual([chat(chunked('a'))]);
    },
  );

  // Versions of nginx differ in whether they take these.
  test.each([
    ['the same host beside the authority', [...pseudo(), ['host', testServerName]]],
    [
      'trailers',
      pseudo(),
      [
        ['x-service-name', 'admin'],
        ['content-length', '99'],
      ],
    ],
  ] satisfies ServedRow[])('at most the one request: %s', async (...[, headers, trailers]: ServedRow) => {
    const { status } = await ask(headers, chunked('a'), trailers);
    expect(await seen()).toEqual(status === 200 ? [chat(chunked('a'))] : []);
    expect([0, 200, 400]).toContain(status);
  });
});
