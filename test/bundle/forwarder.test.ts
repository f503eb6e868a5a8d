import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ollamaRoutes, type OllamaRoute } from '../../lib/config/ollama-routes.ts';
import { issueServer } from '../../lib/pki/authority.ts';
import { pkiPaths } from '../../lib/pki/files.ts';
import { ensurePki } from '../../lib/pki/inventory.ts';
import { generateKey } from '../../lib/pki/keys.ts';
import { loadAuthority } from '../../lib/pki/load.ts';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { signal, untilHolds, within } from '../gateway/support/waiting.ts';
import { openRawConnection, requestBytes, type HeaderList } from '../support/raw-http.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testServerName } from '../support/test-gateway.ts';
import { hardeningJson } from './support/command.ts';
import { startLocalForwarder, type LocalForwarder } from './support/local-forwarder.ts';
import { startRecordingGateway, type RecordingGateway } from './support/recording-gateway.ts';

let gateway: RecordingGateway;
let forwarder: LocalForwarder;

beforeAll(async () => {
  gateway = await startRecordingGateway();
  forwarder = await startLocalForwarder(gateway, 'ci');
});
afterAll(async () => {
  await forwarder.stop();
  await gateway.stop();
});
afterEach(() => {
  gateway.requests.length = 0;
  gateway.answer = (_request, response) => response.end('{}');
  gateway.become({});
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request in exactly these bytes. */
async function ask(
  startLine: string,
  headers: HeaderList = [['Host', `127.0.0.1:${forwarder.port}`]],
  body = '',
): Promise<Answer> {
  const connection = await openRawConnection({ port: forwarder.port });
  try {
    await connection.write(requestBytes(startLine, headers, body));
    const { response } = await connection.read({ methods: [startLine.split(' ')[0] ?? ''] });
    return { status: response.status, body: response.body.toString() };
  } finally {
    connection.close('reset');
  }
}

const host = (): readonly [string, string] => ['Host', `127.0.0.1:${forwarder.port}`];
const post = (path: string, body: string, more: HeaderList = []): Promise<Answer> =>
  ask(`POST ${path} HTTP/1.1`, [host(), ['Content-Length', String(body.length)], ...more], body);

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
    const { status } = await ask(`${method} ${path}?query=secret HTTP/1.1`, [host(), ...lengths], body);
    expect(status).toBe(200);
    expect(gateway.requests).toMatchObject([{ method, target, body, commonName: 'ci' }]);
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
    const { status, body } = await ask(`${startLine} HTTP/1.1`);
    expect(status).toBe(403);
    expect(JSON.parse(body)).toEqual({ error: expect.any(String) as string });
    expect(gateway.requests).toEqual([]);
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
    expect(await ask(`${startLine} HTTP/1.1`, headers)).toMatchObject({ status });
    expect(gateway.requests).toEqual([]);
  });

  test('an HTTP/1.0 request without a host', async () => {
    expect(await ask('GET /api/tags HTTP/1.0', [])).toMatchObject({ status: 421 });
    expect(gateway.requests).toEqual([]);
  });

  test.each(['localhost', 'LOCALHOST:11434', '127.0.0.1', 'localhost:8080'])('but %s does', async (name) => {
    expect(
      await ask('GET /api/tags HTTP/1.1', [
        ['Host', name],
        ['Sec-Fetch-Site', 'none'],
        ['Sec-Fetch-Mode', 'cors'],
      ]),
    ).toMatchObject({ status: 200 });
  });
});

describe('the gateway gets', () => {
  test('four headers and the certificate, and no credential of the client', async () => {
    await post('/api/chat?token=secret', '{"model":"x"}', [
      ['Authorization', 'Bearer secret'],
      ['Cookie', 'session=secret'],
      ['X-Forwarded-For', '192.0.2.1'],
      ['Content-Type', 'application/json'],
      ['Accept', 'application/x-ndjson'],
    ]);
    expect(gateway.requests).toHaveLength(1);
    const [seen] = gateway.requests;
    expect(seen?.headers).toEqual([
      ...['Host', testServerName, 'Connection', 'close'],
      ...['Content-Type', 'application/json', 'Accept', 'application/x-ndjson', 'Content-Length', '13'],
    ]);
    expect(seen).toMatchObject({ commonName: 'ci', tlsVersion: 'TLSv1.3', serverName: testServerName });
  });

  test('a fresh handshake for each request, never a saved session', async () => {
    for (let call = 0; call < 4; call++) await ask('GET /api/version HTTP/1.1');
    const { requests } = gateway;
    expect(requests.map(({ isResumed }) => isResumed)).toEqual([false, false, false, false]);
    expect(new Set(requests.map(({ connection }) => connection)).size).toBe(4);
  });

  test('a chunked body with its length, and no chunk that would smuggle', async () => {
    const body = '5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n';
    await ask('POST /api/generate HTTP/1.1', [host(), ['Transfer-Encoding', 'chunked']], body);
    expect(gateway.requests).toMatchObject([{ body: '{"a":1}' }]);
    expect(gateway.requests[0]?.headers).toEqual(expect.arrayContaining(['Content-Length', '7']));
  });
});

describe('an answer of the gateway goes through', () => {
  test.each([401, 403, 404, 413, 429, 500, 502])('as it is: %i', async (status) => {
    gateway.answer = (_request, response) => {
      response.writeHead(status, { 'Retry-After': '1', 'Content-Type': 'application/json' });
      response.end('{"error":"words of the gateway"}');
    };
    expect(await post('/api/chat', '{}')).toEqual({ status, body: '{"error":"words of the gateway"}' });
    // It is not sent twice.
    expect(gateway.requests).toHaveLength(1);
  });

  test.each([
    ['in chunks', true],
    ['to the end of the connection', false],
  ])('token by token, each before the gateway sends the next: %s', async (_what, isChunked) => {
    const seen = Array.from({ length: 8 }, signal);
    gateway.answer = (_request, response) => {
      response.useChunkedEncodingByDefault = isChunked;
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
      void (async () => {
        for (const [number, at] of seen.entries()) {
          response.write(`{"token":${number}}\n`);
          await at.given;
        }
        response.end();
      })();
    };
    const response = await fetch(`${forwarder.url}/api/chat`, { method: 'POST', body: '{}' });
    const reader = response.body?.getReader();
    for (const [number, at] of seen.entries()) {
      const piece = await within(reader?.read() ?? Promise.resolve(undefined), `token ${number}`);
      expect(Buffer.from(piece?.value ?? []).toString()).toBe(`{"token":${number}}\n`);
      at.give();
    }
    expect(await reader?.read()).toMatchObject({ done: true });
  });

  test('and is not sent again where the gateway breaks off', async () => {
    gateway.answer = (_request, response) => void response.socket?.destroy();
    const { status, body } = await post('/api/chat', '{}');
    expect(status).toBe(502);
    expect(body).toContain('the gateway did not answer');
    expect(gateway.requests).toHaveLength(1);
  });
});

describe('a body', () => {
  const limit = 8_192 * 1_024;
  test('of the size that the gateway takes is passed on', async () => {
    expect(await post('/api/chat', 'x'.repeat(limit))).toMatchObject({ status: 200 });
    expect(gateway.requests[0]?.body).toHaveLength(limit);
  });
  test.each([
    ['/api/chat', limit + 1],
    ['/api/show', 64 * 1_024 + 1],
  ])('that is larger is refused: %s', async (path, size) => {
    const { status, body } = await ask(`POST ${path} HTTP/1.1`, [host(), ['Content-Length', String(size)]]);
    expect(status).toBe(413);
    expect(body).toContain('larger than the gateway takes');
    expect(gateway.requests).toEqual([]);
  });
  test('of a GET is refused', async () => {
    expect(await ask('GET /api/tags HTTP/1.1', [host(), ['Content-Length', '2']], '{}')).toMatchObject({
      status: 413,
    });
  });
});

describe('no request goes to a server', () => {
  const trusted = (name: string): Promise<Buffer> => readFile(join(gateway.pkiDirectory, name));

  test('of another CA', async () => {
    const folder = await temporaryFolder();
    await ensurePki(folder.path, {
      stack: 'test',
      ca: { commonName: 'test hardening CA', lifetimeDays: 30 },
      server: { serverNames: [testServerName], addresses: ['127.0.0.1'], lifetimeDays: 1 },
      clients: [],
    });
    const foreign = pkiPaths(folder.path).server;
    gateway.become({ cert: await readFile(foreign.certificate), key: await readFile(foreign.key) });
    await expectNoRequest();
    await folder.remove();
  });

  test("that shows a client's certificate of the same CA", async () => {
    gateway.become({ cert: await trusted('certs/ci-1.crt'), key: await trusted('secrets/ci-1.key') });
    await expectNoRequest();
  });

  test('of another name', async () => {
    const authority = loadAuthority(gateway.pkiDirectory);
    if (authority.key === undefined) throw new Error('the CA has no key');
    const key = await generateKey();
    const cert = await issueServer(
      { certificate: authority.certificate, key: authority.key },
      {
        organization: 'test',
        serverNames: ['other.test'],
        addresses: ['127.0.0.1'],
        lifetimeDays: 1,
        now: new Date(),
        publicKey: key,
      },
    );
    gateway.become({ cert, key: key.export({ format: 'pem', type: 'pkcs8' }).toString() });
    await expectNoRequest();
  });

  test('that speaks no TLS 1.3', async () => {
    gateway.become({ maxVersion: 'TLSv1.2' });
    await expectNoRequest();
  });

  async function expectNoRequest(): Promise<void> {
    const { status, body } = await post('/api/chat', '{"prompt":"secret"}');
    expect(status).toBe(502);
    expect(body).toContain('not the one that this forwarder was made for');
    expect(gateway.requests).toEqual([]);
    // With what it should have, the same request arrives.
    gateway.become({});
    expect(await post('/api/chat', '{"prompt":"secret"}')).toMatchObject({ status: 200 });
  }
});

test('what is written down has no query, no body and no credential, and the errors have no request', async () => {
  const secret = 'a-word-that-nobody-may-read';
  gateway.become({ maxVersion: 'TLSv1.2' });
  await post(`/api/chat?${secret}`, `{"prompt":"${secret}"}`, [['Authorization', secret]]);
  gateway.become({});
  await post(`/api/chat?${secret}`, `{"prompt":"${secret}"}`, [['X-Other', secret]]);
  await untilHolds(async () => (await forwarder.accessLog()).length > 1, 'the log');
  expect(JSON.stringify(await forwarder.accessLog())).not.toContain(secret);
  expect(forwarder.errors()).not.toContain(secret);
  const last = (await forwarder.accessLog()).at(-1);
  expect(last).toMatchObject({ service: 'ci', status: 200, request_uri: '/api/chat', gateway_status: '200' });
});

const noShellcheck = findProgram('shellcheck') === undefined;
if (noShellcheck) console.warn('forwarder.test.ts: shellcheck is not installed, so it judges no program');

test.skipIf(noShellcheck)("shellcheck has nothing to say against the bundle's programs", async () => {
  const folder = await temporaryFolder();
  for (const more of [
    ['--for-user', 'livereview'],
    ['--for-group', 'reviewers'],
  ]) {
    const out = join(folder.path, more[0] ?? '');
    const { configFile, pkiDirectory } = gateway;
    await hardeningJson([
      ...['bundle', 'ci', '--config', configFile, '--pki', pkiDirectory, '--out', out, '--json', ...more],
    ]);
    const names = [
      'install.sh',
      'host/check-identity',
      ...(more[0] === '--for-user' ? ['host/load-nftables'] : []),
    ];
    await promisify(execFile)('shellcheck', ['-s', 'sh', ...names.map((name) => join(out, 'current', name))]);
  }
  await folder.remove();
});
