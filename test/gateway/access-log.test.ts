import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadAuthority } from '../../lib/pki/load.ts';
import { forgeries } from '../support/forge.ts';
import { openRawConnection, rawHttp, rawHttp2 } from '../support/raw-http.ts';
import {
  startTestGateway,
  testConfiguration,
  testServerName,
  testStack,
  type TestGateway,
} from '../support/test-gateway.ts';
import { openClient, protocols, type Client, type Protocol } from './support/client.ts';
import { linesOf, longestPath, readAccessLog, type LogLine } from './support/log-lines.ts';
import {
  expectNoSecretIn,
  logEnds,
  secret,
  secretBody,
  secretHeaders,
  secretQuery,
  secretReply,
  secretRequest,
  type LogEnds,
} from './support/secrets.ts';
import { signal, untilHolds } from './support/waiting.ts';

const wide = { requestsPerSecond: 10_000, burst: 10_000 };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    ...testConfiguration,
    gateway: {
      serverNames: [testServerName],
      clientMaxBodySizeKiB: 8,
      clientHeaderTimeoutSeconds: 1,
      clientBodyTimeoutSeconds: 1,
      proxyReadTimeoutSeconds: 1,
    },
    services: {
      ci: {},
      reader: { routes: ['read'] },
      limited: { rate: { requestsPerSecond: 1, burst: 1 } },
      single: { rate: wide, concurrentStreams: 1 },
    },
  });
});
afterAll(() => gateway.stop());
let ends: LogEnds;
beforeEach(async () => {
  gateway.upstream.reset();
  gateway.upstream.respond(secretReply);
  ends = await logEnds(gateway);
});
// Whatever a test was about, what it sent is in no log.
afterEach(() => expectNoSecretIn(gateway, ends));

async function tlsOf(service: string | undefined) {
  const identity = service === undefined ? undefined : await gateway.identity(service);
  return {
    ca: gateway.ca,
    servername: testServerName,
    ...(identity === undefined ? {} : { cert: identity.cert, key: identity.keyPem }),
  };
}

async function withClient(
  protocol: Protocol,
  service: string | undefined,
  use: (client: Client) => Promise<unknown>,
): Promise<void> {
  const identity = service === undefined ? undefined : await gateway.identity(service);
  const client = await openClient(gateway, { protocol, ...(identity === undefined ? {} : { identity }) });
  try {
    await use(client);
  } finally {
    client.close();
  }
}

const withStatus =
  (status: number) =>
  (lines: readonly LogLine[]): boolean =>
    lines.some((line) => line.status === status);
const chat = '/ollama/api/chat';

interface Scenario {
  readonly name: string;
  readonly service: string | undefined;
  readonly status: number;
  /** Beside what always holds. */
  readonly expected?: Partial<LogLine>;
  readonly act: (client: Client, protocol: Protocol) => Promise<unknown>;
}

const scenarios: readonly Scenario[] = [
  {
    name: 'an inference',
    service: 'ci',
    status: 200,
    expected: { upstream_status: '200', limit_req_status: 'PASSED', limit_conn_status: 'PASSED' },
    act: (client) => client.ask(secretRequest(chat)),
  },
  {
    name: 'a read route',
    service: 'ci',
    status: 200,
    expected: { upstream_status: '200', limit_req_status: '', limit_conn_status: '', method: 'GET' },
    act: (client) => client.ask(secretRequest('/ollama/api/tags', 'GET')),
  },
  {
    name: 'no certificate',
    service: undefined,
    status: 401,
    expected: { service: '', client_verify: 'NONE', upstream_status: '', limit_req_status: '' },
    act: (client) => client.ask(secretRequest(chat)),
  },
  {
    name: 'a route that the service may not use',
    service: 'reader',
    status: 403,
    expected: { upstream_status: '', limit_req_status: '' },
    act: (client) => client.ask(secretRequest(chat)),
  },
  {
    name: 'a route that is not there',
    service: 'ci',
    status: 403,
    expected: { upstream_status: '', request_uri: '/ollama/api/pull' },
    act: (client) => client.ask(secretRequest('/ollama/api/pull')),
  },
  {
    name: 'a body too large',
    service: 'ci',
    status: 413,
    expected: { upstream_status: '' },
    act: (client) => client.ask({ ...secretRequest(chat), body: secretBody.repeat(200) }),
  },
  {
    name: 'a body of unknown length too large',
    service: 'ci',
    status: 413,
    expected: { upstream_status: '' },
    act: (client) => client.ask({ ...secretRequest(chat), body: secretBody.repeat(200), length: false }),
  },
  {
    name: 'the rate exceeded',
    service: 'limited',
    status: 429,
    expected: { limit_req_status: 'REJECTED', upstream_status: '' },
    act: (client) =>
      untilHolds(async () => (await client.ask(secretRequest(chat))).status === 429, 'a request refused'),
  },
  {
    name: 'too many streams',
    service: 'single',
    status: 429,
    expected: { limit_conn_status: 'REJECTED', limit_req_status: 'PASSED', upstream_status: '' },
    act: async (client) => {
      const release = signal();
      gateway.upstream.respond(() => ({
        body: (async function* () {
          yield secret('answer');
          await release.given;
        })(),
      }));
      const stream = client.exchange(secretRequest(chat));
      await stream.until(() => stream.received.length > 0);
      expect((await client.ask(secretRequest(chat))).status).toBe(429);
      release.give();
      await stream.ended();
    },
  },
  {
    name: 'an upstream that resets',
    service: 'ci',
    status: 502,
    expected: { upstream_status: '502' },
    act: (client) => {
      gateway.upstream.respond({ raw: '', connection: 'reset' });
      return client.ask(secretRequest(chat));
    },
  },
  {
    name: 'an upstream whose head is too large',
    service: 'ci',
    status: 502,
    expected: { upstream_status: '502' },
    act: (client) => {
      gateway.upstream.respond({ headers: [['X-Large', secret('upstream-header').repeat(2_000)]] });
      return client.ask(secretRequest(chat));
    },
  },
  {
    name: 'an upstream that says nothing',
    service: 'ci',
    status: 504,
    expected: { upstream_status: '504' },
    act: async (client) => {
      const release = signal();
      gateway.upstream.respond(async () => {
        await release.given;
        return {};
      });
      await client.ask(secretRequest(chat));
      release.give();
    },
  },
  {
    name: 'an upstream that dies in mid-stream',
    service: 'ci',
    status: 200,
    expected: { upstream_status: '200' },
    act: (client) => {
      const raw = `HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n${secret('answer')}`;
      gateway.upstream.respond({ raw, connection: 'close' });
      return client.ask(secretRequest(chat));
    },
  },
  {
    name: 'a client that goes away before the answer',
    service: 'ci',
    status: 499,
    act: async (client) => {
      const [begun, release] = [signal(), signal()];
      gateway.upstream.respond(async () => {
        begun.give();
        await release.given;
        return {};
      });
      const exchange = client.exchange(secretRequest(chat));
      await begun.given;
      exchange.abort();
      setTimeout(() => release.give(), 500);
    },
  },
  {
    name: 'a client that goes away in mid-stream',
    service: 'ci',
    status: 200,
    act: async (client) => {
      const release = signal();
      gateway.upstream.respond(() => ({
        body: (async function* () {
          yield secret('answer');
          await release.given;
        })(),
      }));
      const exchange = client.exchange(secretRequest(chat));
      await exchange.until(() => exchange.received.length > 0);
      exchange.abort();
      setTimeout(() => release.give(), 500);
    },
  },
  {
    name: 'a body that stops',
    service: 'ci',
    status: 408,
    expected: { upstream_status: '' },
    act: (client) => client.exchange({ ...secretRequest(chat), open: true }).ended(),
  },
  {
    name: 'another host',
    service: 'ci',
    status: 421,
    expected: { upstream_status: '' },
    act: (client, protocol) => {
      const request = secretRequest(chat);
      return client.ask({
        ...request,
        headers: { ...request.headers, [hostOf[protocol]]: `${secret('host')}.test` },
      });
    },
  },
];
const hostOf = { 'HTTP/1.1': 'host', 'HTTP/2': ':authority' } as const;

describe.each(protocols)('over %s', (protocol) => {
  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    'the line of %s',
    async (_name, { service, status, expected = {}, act }) => {
      const lines = await linesOf(
        gateway,
        () => withClient(protocol, service, (client) => act(client, protocol)),
        withStatus(status),
      );
      const line = lines.findLast((one) => one.status === status);
      expect(line).toMatchObject({
        remote_addr: '127.0.0.1',
        request_uri: chat,
        service: service ?? '',
        client_verify: 'SUCCESS',
        tls_version: 'TLSv1.3',
        method: 'POST',
        ...(status === 200 && expected.request_uri === undefined && expected.method === 'GET'
          ? { request_uri: '/ollama/api/tags' }
          : {}),
        ...expected,
      });
    },
  );

  test('each request has its own request_id, and the answer and the upstream tell it', async () => {
    let answered: string[] = [];
    const lines = await linesOf(
      gateway,
      () =>
        withClient(protocol, 'ci', async (client) => {
          const answers = await Promise.all(Array.from({ length: 5 }, () => client.ask(secretRequest(chat))));
          answered = answers.map(({ headers }) => headers['x-request-id'] ?? '');
        }),
      (all) => all.length >= 5,
    );
    expect(new Set(answered).size).toBe(5);
    expect(lines.map(({ request_id }) => request_id).sort()).toEqual([...answered].sort());
    const forwarded = gateway.upstream.requests.map(
      ({ headers }) => headers.find(([name]) => name === 'X-Request-Id')?.[1],
    );
    expect(forwarded.sort()).toEqual([...answered].sort());
  });
});

describe('the line of a certificate that is not let in', () => {
  const made = () => {
    const { certificate, key } = loadAuthority(join(gateway.folder, 'pki'));
    if (key === undefined) throw new Error('the CA of the test has no key');
    const victim = { stack: testStack, service: 'ci', generation: 1 };
    return forgeries({ authority: { certificate, key }, victim }).filter(({ expected }) => expected === 401);
  };
  test('names no service, and why, for every kind of it', async () => {
    let lines = 0;
    for (const forgery of made()) {
      const { chainPem, keyPem } = forgery.make();
      const identity = { cert: chainPem, keyPem };
      const client = await openClient(gateway, { protocol: 'HTTP/1.1', identity });
      const before = await logEnds(gateway);
      const { status } = await client.ask(secretRequest(chat));
      client.close();
      // A handshake that OpenSSL itself refuses is no request, and has no line.
      if (status === 0) continue;
      lines += 1;
      let line: LogLine | undefined;
      await untilHolds(async () => {
        [line] = await readAccessLog(gateway, before['access.log']);
        return line !== undefined;
      }, `the line of ${forgery.name}`);
      expect(line, forgery.name).toMatchObject({ status: 401, service: '', upstream_status: '' });
      if (forgery.refusedFor === 'chain') expect(line?.client_verify, forgery.name).toMatch(/^FAILED:./);
    }
    expect(lines).toBeGreaterThan(20);
  });
});

/** The part of a request target that a line shows. */
const shown = (target: string): string => (/^[!-"$->@-~]*/.exec(target)?.[0] ?? '').slice(0, longestPath);

describe('hostile paths', () => {
  const bytes = (from: number, to: number): string =>
    Array.from({ length: to - from + 1 }, (_, n) => String.fromCharCode(from + n)).join('');
  const targets: readonly (readonly [string, string])[] = [
    ['a quote', '/a"b'],
    ['a backslash', '/a\\b'],
    ['what would end the field', '/","status":200,"service":"ci","x":"'],
    ['what would end the line', '/%22%7d%0a%7b%22status%22:200'],
    ['an encoded NUL', '/a%00b'],
    ['encoded control characters', '/%01%08%0a%0d%1b%7f'],
    ['encoded bytes that are no UTF-8', '/%80%ff%c0%af'],
    ['a terminal sequence', '/\x1b[31mred'],
    ['all raw control characters but line ends', `/${bytes(1, 9)}${bytes(14, 31)}`],
    ['raw DEL', '/a\x7fb'],
    ['raw bytes from 0x80 on', `/${bytes(0x80, 0xff)}`],
    ['raw UTF-8', Buffer.from('/ü€😀\u2028').toString('latin1')],
    ['half a character', '/\xe2\x82'],
    ['an overlong slash', '/\xc0\xaf'],
    ['UTF-16 surrogates', '/\xed\xa0\x80'],
    ['a raw NUL', '/a\0b'],
    ['a path as long as a line shows', `/${'a'.repeat(511)}`],
    ['a path one character longer', `/${'a'.repeat(512)}`],
    ['a very long path', `/${'a"\\'.repeat(2_500)}`],
    ['a path longer than a buffer', `/${'a'.repeat(20_000)}`],
    ['all of printable ASCII', `/${bytes(0x21, 0x7e)}${secretQuery}`],
    ['a query', `${chat}${secretQuery}`],
    ['a query with a fragment in front', `${chat}#${secret('fragment')}${secretQuery}`],
    ['a query of the absolute form', `https://${testServerName}${chat}${secretQuery}`],
    ['a query right after the host', `https://${testServerName}${secretQuery}`],
    [
      'a name and password in the absolute form',
      `https://user:${secret('password')}@${testServerName}${chat}`,
    ],
    ['an asterisk', '*'],
    ['a path without a slash', `ollama/api/chat${secretQuery}`],
    ['a space in the path', `/a b${secretQuery}`],
    ['nothing', ''],
  ];
  const headers = Object.entries(secretHeaders);

  test.each(targets)('%s over HTTP/1.1', async (_name, target) => {
    const head = [`GET ${target} HTTP/1.1`, `Host: ${testServerName}`].concat(
      headers.map(([k, v]) => `${k}: ${v}`),
    );
    const tls = await tlsOf('ci');
    const lines = await linesOf(gateway, () =>
      rawHttp({ port: gateway.port, tls, bytes: [...head, '', ''].join('\r\n') }),
    );
    expect(lines).toHaveLength(1);
    const path = target.replace(/^https:\/\/[^/?]*/, '');
    expect([shown(path), '', '/']).toContain(lines[0]?.request_uri);
    // What nginx can read as a target is shown, not left out.
    if (/^\/(?!.*%00)[!-~]*$/.test(target) && target.length < 8_000)
      expect(lines[0]?.request_uri).toBe(shown(path));
  });

  test.each(targets)('%s over HTTP/2', async (_name, target) => {
    const tls = await tlsOf('ci');
    const marker = async (): Promise<void> => {
      await rawHttp2({ port: gateway.port, tls, headers: [...pseudo(target), ...headers] });
      // A line that is sure to come, for nginx writes none where it takes the whole frame for an error.
      await withClient('HTTP/1.1', 'ci', (client) => client.ask({ path: '/marker' }));
    };
    const lines = await linesOf(gateway, marker, (all) => all.at(-1)?.request_uri === '/marker');
    expect(lines.length).toBeLessThanOrEqual(2);
    if (lines.length === 2) expect([shown(target), '']).toContain(lines[0]?.request_uri);
    if (/^\/(?!.*%00)[!-~]*$/.test(target) && target.length < 8_000)
      expect(lines[0]?.request_uri).toBe(shown(target));
  });

  const pseudo = (path: string): [string, string][] => [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', testServerName],
    [':path', path],
  ];
});

describe('hostile requests', () => {
  const secrets = Object.entries(secretHeaders).map(([name, value]) => `${name}: ${value}`);
  const request = (line: string, ...fields: string[]): string =>
    [line, `Host: ${testServerName}`, ...secrets, ...fields, '', ''].join('\r\n');
  const rows: readonly (readonly [string, string, number])[] = [
    ['a method in lower case', request(`get ${chat}${secretQuery} HTTP/1.1`), 400],
    ['a method with a byte above 0x7f', request(`G\xc4T ${chat}${secretQuery} HTTP/1.1`), 400],
    ['a method with a quote', request(`G"T ${chat}${secretQuery} HTTP/1.1`), 400],
    ['a method that is a secret', request(`${secret('method').toUpperCase()} ${chat} HTTP/1.1`), 400],
    ['an unknown method', request(`BREW ${chat}${secretQuery} HTTP/1.1`), 403],
    ['a very long method', request(`${'A'.repeat(7_000)} ${chat} HTTP/1.1`), 403],
    ['CONNECT', request(`CONNECT ${testServerName}:443 HTTP/1.1`), 400],
    ['a version that is not there', request(`GET ${chat}${secretQuery} HTTP/7.3`), 505],
    ['HTTP/0.9', `GET ${chat}${secretQuery}\r\n`, 421],
    ['HTTP/1.0 without a host', `GET ${chat}${secretQuery} HTTP/1.0\r\n\r\n`, 421],
    ['no host', `GET ${chat}${secretQuery} HTTP/1.1\r\n${secrets.join('\r\n')}\r\n\r\n`, 400],
    ['two hosts', request(`GET ${chat}${secretQuery} HTTP/1.1`, `Host: ${secret('host')}`), 400],
    ['a NUL in a header', request(`GET ${chat}${secretQuery} HTTP/1.1`, `X-Nul: a\0${secret('nul')}`), 400],
    [
      'a header name that is none',
      request(`GET ${chat}${secretQuery} HTTP/1.1`, `${secret('name')} "x`),
      400,
    ],
    [
      'a Content-Length that is none',
      request(`POST ${chat}${secretQuery} HTTP/1.1`, `Content-Length: ${secret('length')}`),
      400,
    ],
    [
      'Content-Length beside Transfer-Encoding',
      request(`POST ${chat}${secretQuery} HTTP/1.1`, 'Content-Length: 5', 'Transfer-Encoding: chunked'),
      400,
    ],
    [
      'an unknown Transfer-Encoding',
      request(`POST ${chat}${secretQuery} HTTP/1.1`, `Transfer-Encoding: ${secret('encoding')}`),
      501,
    ],
    [
      'chunks that are none',
      `${request(`POST ${chat}${secretQuery} HTTP/1.1`, 'Transfer-Encoding: chunked')}${secret('chunk')}\r\n`,
      400,
    ],
    [
      'a header that is too large',
      request(`GET ${chat}${secretQuery} HTTP/1.1`, `X-Large: ${secret('large').repeat(500)}`),
      400,
    ],
    ['a request line that is too large', request(`GET ${chat}?${secret('large').repeat(500)} HTTP/1.1`), 414],
    [
      'header values with quotes, escapes and bytes',
      request(`GET ${chat}${secretQuery} HTTP/1.1`, 'User-Agent: "\\\x1b[1m\x80\xff', 'Referer: \xe2\x82"}'),
      403,
    ],
    ['no HTTP at all', `${secret('no-http')}\r\n\r\n`, 400],
    ['binary', '\x00\x01\x02\x80\xff\r\n\r\n', 400],
    [
      'an Upgrade',
      request(`GET ${chat}${secretQuery} HTTP/1.1`, 'Connection: Upgrade', `Upgrade: ${secret('upgrade')}`),
      403,
    ],
  ];

  test.each(rows)('%s', async (_name, bytes, status) => {
    const tls = await tlsOf('ci');
    const lines = await linesOf(gateway, () => rawHttp({ port: gateway.port, tls, bytes }));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.status).toBe(status);
    expect(lines[0]?.upstream_status).toBe('');
  });

  test.each(rows)('%s, without a certificate', async (_name, bytes) => {
    const tls = await tlsOf(undefined);
    const lines = await linesOf(gateway, () => rawHttp({ port: gateway.port, tls, bytes }));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ service: '', upstream_status: '' });
    expect(lines[0]?.status).toBeGreaterThanOrEqual(400);
  });

  test.each(rows)('%s, to the plain port', async (_name, bytes) => {
    const lines = await linesOf(gateway, () => rawHttp({ port: gateway.plainPort, bytes }));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ service: '', tls_version: '', client_verify: '', upstream_status: '' });
    expect(lines[0]?.status).toBeGreaterThanOrEqual(400);
  });

  test('plain HTTP on the TLS port', async () => {
    const bytes = request(`GET ${chat}${secretQuery} HTTP/1.1`);
    const lines = await linesOf(gateway, () => rawHttp({ port: gateway.port, bytes }));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ status: 401, service: '', tls_version: '' });
  });

  test.each([
    [
      'ends within',
      async (write: (bytes: string) => Promise<void>) => write(request(`GET ${chat} HTTP/1.1`).slice(0, -2)),
      'end',
      400,
    ],
    [
      'breaks off within',
      async (write: (bytes: string) => Promise<void>) => write(request(`GET ${chat} HTTP/1.1`).slice(0, -2)),
      'reset',
      400,
    ],
    [
      'stops within',
      async (write: (bytes: string) => Promise<void>) => write(request(`GET ${chat} HTTP/1.1`).slice(0, -2)),
      'wait',
      408,
    ],
  ] as const)('a client that %s its headers', async (_name, act, then, status) => {
    const connection = await openRawConnection({ port: gateway.port, tls: await tlsOf('ci') });
    const lines = await linesOf(gateway, async () => {
      await act((bytes) => connection.write(bytes));
      if (then !== 'wait') connection.close(then);
    });
    connection.close('reset');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ status, service: '', upstream_status: '' });
  });
});

describe('requests over HTTP/2 that no library sends', () => {
  const good: [string, string][] = [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':authority', testServerName],
    [':path', chat + secretQuery],
    ...Object.entries(secretHeaders),
  ];
  test.each<[string, [string, string][]]>([
    ['a method in lower case', [[':method', 'post'], ...good.slice(1)]],
    ['a method with a quote', [[':method', 'P"T'], ...good.slice(1)]],
    ['a method with bytes that are no UTF-8', [[':method', 'P\x80\xffT'], ...good.slice(1)]],
    ['a method that is a secret', [[':method', secret('method')], ...good.slice(1)]],
    ['a scheme of bytes', [...good.slice(0, 1), [':scheme', 'ht\x80"'], ...good.slice(2)]],
    ['two paths', [...good, [':path', `/${secret('path')}`]]],
    ['a header in upper case', [...good, ['X-Upper', secret('upper')]]],
    ['a line break in a value', [...good, ['x-break', `a\r\n${secret('break')}`]]],
    ['a host of bytes', [...good.slice(0, 2), [':authority', 'a"\x80\\'], ...good.slice(3)]],
    ['a Content-Length that lies', [...good, ['content-length', '3']]],
  ])('%s', async (_name, headers) => {
    const tls = await tlsOf('ci');
    await linesOf(
      gateway,
      async () => {
        await rawHttp2({ port: gateway.port, tls, headers, body: secretBody });
        await withClient('HTTP/1.1', 'ci', (client) => client.ask({ path: '/marker' }));
      },
      (all) => all.at(-1)?.request_uri === '/marker',
    );
  });
});
