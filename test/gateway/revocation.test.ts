import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  answerOf,
  openHttp2,
  openRawConnection,
  openRawHttp2,
  rawHttp,
  requestBytes,
  type HeaderList,
} from '../support/raw-http.ts';
import {
  startTestGateway,
  testConfiguration,
  testServerName,
  type StackInput,
  type TestGateway,
  type TestIdentity,
} from '../support/test-gateway.ts';
import {
  clientFor,
  expectError,
  expectNothingAt,
  protocols,
  seenBy,
  targetOf,
  type Protocol,
} from './support/asking.ts';
import { openClient } from './support/client.ts';
import { signal, untilHolds, type Signal } from './support/waiting.ts';

const tags = { method: 'GET', path: '/ollama/api/tags' };
const get = requestBytes(`GET ${tags.path} HTTP/1.1`, [['Host', testServerName]]);
const chat = { path: '/ollama/api/chat', body: '{"prompt":"p"}' };

const { ci: _, ...others } = testConfiguration.services;
/** The ways to take an identity away, as changes of the configuration. */
const takenAway: Readonly<Record<string, StackInput>> = {
  'its service is gone': { ...testConfiguration, services: others },
  'its generation is raised': { ...testConfiguration, services: { ...others, ci: { generation: 2 } } },
};

let gateway: TestGateway;
let ci: TestIdentity;
let held: Signal;
beforeEach(async () => {
  gateway = await startTestGateway();
  ci = await gateway.identity('ci');
  held = signal();
  gateway.upstream.respond('/api/chat', () => ({
    headers: [['Content-Type', 'application/x-ndjson']],
    body: (async function* () {
      yield '{"response":"first"}\n';
      await held.given;
      yield '{"response":"last"}\n';
    })(),
  }));
});
afterEach(async () => {
  held.give();
  await gateway.stop();
});

async function ask(protocol: Protocol, identity: TestIdentity) {
  const client = clientFor(protocol, targetOf(gateway, identity));
  try {
    return await client.ask(tags);
  } finally {
    client.close();
  }
}

describe.each(Object.entries(takenAway))('an identity is taken away: %s', (_change, changed) => {
  test.each(protocols)('a new connection over %s: 401, the others go on', async (protocol) => {
    expect((await ask(protocol, ci)).status).toBe(200);
    const reader = await gateway.identity('reader');
    await gateway.replace(changed);
    gateway.upstream.reset();
    expectError(await ask(protocol, ci), 401);
    await expectNothingAt(gateway.upstream);
    expect((await ask(protocol, reader)).status).toBe(200);
    expect(await seenBy(gateway.upstream)).toEqual(['GET /api/tags']);
  });

  test('a TLS session that node:tls saved is not resumed: 401', async () => {
    const target = targetOf(gateway, ci);
    const first = await rawHttp({ ...target, bytes: get });
    expect(first.response.status).toBe(200);
    const session = first.tls?.session;
    if (session === undefined) throw new Error('the gateway gave no session to save');
    await gateway.replace(changed);
    gateway.upstream.reset();
    // Without a certificate: a session that is resumed brings the one that it began with.
    for (const tls of [target.tls, targetOf(gateway).tls]) {
      const { response, tls: agreed } = await rawHttp({ ...target, tls: { ...tls, session }, bytes: get });
      expect(agreed?.resumed).toBe(false);
      expect(response.status).toBe(401);
    }
    await expectNothingAt(gateway.upstream);
  });

  test('a TLS session that openssl s_client saved is not resumed: 401', async () => {
    const saved = join(gateway.folder, 'session.pem');
    const client = async (...parameters: readonly string[]): Promise<string> => {
      const running = promisify(execFile)(
        'openssl',
        [
          ...['s_client', '-connect', `127.0.0.1:${gateway.port}`, '-servername', testServerName],
          ...['-CAfile', gateway.pki.ca.certificate, '-verify_return_error', '-ign_eof', ...parameters],
        ],
        { timeout: 10_000 },
      );
      running.child.stdin?.end(
        `GET ${tags.path} HTTP/1.1\r\nHost: ${testServerName}\r\nConnection: close\r\n\r\n`,
      );
      return (await running).stdout;
    };
    const certificate = ['-cert', ci.certificate, '-key', ci.key];
    expect(await client(...certificate, '-sess_out', saved)).toMatch(/^HTTP\/1\.1 200 /m);
    expect(existsSync(saved)).toBe(true);
    await gateway.replace(changed);
    gateway.upstream.reset();
    for (const parameters of [certificate, []]) {
      const output = await client(...parameters, '-sess_in', saved);
      expect(output).toMatch(/^New, TLSv1\.3, /m);
      expect(output).toMatch(/^HTTP\/1\.1 401 /m);
    }
    await expectNothingAt(gateway.upstream);
  });

  test('a kept HTTP/1.1 connection is closed, the next one: 401', async () => {
    const kept = await openRawConnection(targetOf(gateway, ci));
    await kept.write(get);
    expect((await kept.read()).response.status).toBe(200);
    await gateway.replace(changed);
    gateway.upstream.reset();
    await kept.write(get);
    const after = await kept.read({ lingerMs: 5000 });
    expect({ responses: after.responses, closed: after.closed }).toEqual({ responses: [], closed: true });
    expectError(await ask('HTTP/1.1', ci), 401);
    await expectNothingAt(gateway.upstream);
  });

  test('an HTTP/1.1 connection with a running response carries no request after it', async () => {
    const kept = await openRawConnection(targetOf(gateway, ci));
    await kept.write(
      requestBytes(
        `POST ${chat.path} HTTP/1.1`,
        [
          ['Host', testServerName],
          ['Content-Length', String(chat.body.length)],
        ],
        chat.body,
      ),
    );
    await kept.readUntil('first');
    await gateway.replace(changed);
    await kept.write(get);
    held.give();
    const after = await kept.read({ responses: 2, methods: ['POST', 'GET'] });
    expect(after.responses.map(({ status }) => status)).toEqual([200]);
    expect(after.closed).toBe(true);
    expect(await seenBy(gateway.upstream)).toEqual(['POST /api/chat']);
  });

  test('a kept HTTP/2 connection ends with GOAWAY, the next one: 401', async () => {
    const kept = await openHttp2(targetOf(gateway, ci));
    const request = { headers: { ':path': tags.path, ':authority': testServerName } };
    expect((await kept.request(request)).status).toBe(200);
    await gateway.replace(changed);
    gateway.upstream.reset();
    await untilHolds(() => kept.closed, 'the end of the HTTP/2 connection');
    expect(await kept.request(request)).toMatchObject({ status: 0, goaway: 'NO_ERROR' });
    expectError(await ask('HTTP/2', ci), 401);
    await expectNothingAt(gateway.upstream);
  });

  test('an HTTP/2 connection with a running response carries no new stream, whatever the client thinks of GOAWAY', async () => {
    const connection = await openRawHttp2(targetOf(gateway, ci));
    const fields = (method: string, path: string): HeaderList => [
      [':method', method],
      [':scheme', 'https'],
      [':path', path],
      [':authority', testServerName],
    ];
    connection.headers(1, fields('POST', chat.path), true);
    connection.data(1, chat.body);
    await connection.until(() => answerOf(connection.frames).body.includes('first'));
    await gateway.replace(changed);
    connection.headers(3, fields('GET', tags.path));
    connection.headers(5, fields('GET', tags.path));
    held.give();
    await connection.until(() => answerOf(connection.frames).complete);
    await connection.until(() => connection.closed);
    expect(answerOf(connection.frames)).toMatchObject({ status: 200, complete: true, goaway: 'NO_ERROR' });
    for (const stream of [3, 5]) expect(answerOf(connection.frames, stream).status).toBe(0);
    expect(await seenBy(gateway.upstream)).toEqual(['POST /api/chat']);
    connection.close();
  });
});

test.each(protocols)(
  'over %s, a running response of another service survives the reload',
  async (protocol) => {
    const client = await openClient(gateway, { protocol, identity: await gateway.identity('inferrer') });
    const stream = client.exchange(chat);
    await stream.until(() => stream.received.includes('first'));
    for (const changed of Object.values(takenAway)) await gateway.replace(changed);
    held.give();
    await stream.ended();
    expect(stream.outcome).toBe('complete');
    expect(String(stream.received)).toBe('{"response":"first"}\n{"response":"last"}\n');
    client.close();
  },
);

test('a saved TLS session is not resumed while its identity is allowed either', async () => {
  const target = targetOf(gateway, ci);
  const { tls: first } = await rawHttp({ ...target, bytes: get });
  const session = first?.session;
  if (session === undefined) throw new Error('the gateway gave no session to save');
  const again = await rawHttp({ ...target, tls: { ...target.tls, session }, bytes: get });
  expect(again.response.status).toBe(200);
  expect(again.tls?.resumed).toBe(false);
});

test('the certificate of the next generation is accepted, and the one before never again', async () => {
  for (const generation of [2, 3]) {
    const before = await gateway.identity('ci');
    await gateway.replace({ ...testConfiguration, services: { ...others, ci: { generation } } });
    const after = await gateway.identity('ci');
    expect(after.keyPem).not.toBe(before.keyPem);
    expect((await ask('HTTP/1.1', after)).status).toBe(200);
    expectError(await ask('HTTP/1.1', before), 401);
    expectError(await ask('HTTP/1.1', ci), 401);
  }
});

test('routes that a service loses are refused from the reload on, those it wins forwarded', async () => {
  const reader = await gateway.identity('reader');
  const inference = async () => {
    const client = clientFor('HTTP/1.1', targetOf(gateway, reader));
    try {
      return await client.ask({ method: 'POST', path: '/ollama/api/embed', body: '{}' });
    } finally {
      client.close();
    }
  };
  expectError(await inference(), 403);
  await gateway.replace({ ...testConfiguration, services: { ...others, reader: { routes: ['inference'] } } });
  expect((await inference()).status).toBe(200);
  expectError(await ask('HTTP/1.1', reader), 403);
  expect(await seenBy(gateway.upstream)).toEqual(['POST /api/embed']);
});

/**
 * nginx counts a connection as idle only after its first request: one that never carried any stays with the old
 * worker, and with the old file, until client_header_timeout.
 */
describe('a connection that was opened before the reload and carried no request yet', () => {
  const short: StackInput = {
    ...testConfiguration,
    gateway: { ...testConfiguration.gateway, clientHeaderTimeoutSeconds: 1 },
  };

  test.each([
    ['after the handshake', ''],
    ['in the middle of its first request', `GET ${tags.path} HTTP/1.1\r\n`],
  ])('%s: closed within client_header_timeout', async (_when, begun) => {
    await gateway.replace(short);
    const connection = await openRawConnection(targetOf(gateway, ci));
    await connection.write(begun);
    await gateway.replace({ ...short, services: others });
    const { responses, closed } = await connection.read();
    expect(responses.filter(({ status }) => status < 400)).toEqual([]);
    expect(closed).toBe(true);
    await expectNothingAt(gateway.upstream);
  });
});
