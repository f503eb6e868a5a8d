import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { issueServer } from '../../lib/pki/authority.ts';
import { pkiPaths } from '../../lib/pki/files.ts';
import { ensurePki } from '../../lib/pki/inventory.ts';
import { generateKey } from '../../lib/pki/keys.ts';
import { loadAuthority } from '../../lib/pki/load.ts';
import { signal, within } from '../gateway/support/waiting.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testServerName } from '../support/test-gateway.ts';
import { startRecordedForwarder, type RecordedForwarder } from './support/recorded-forwarder.ts';

let recorded: RecordedForwarder;
beforeAll(async () => {
  recorded = await startRecordedForwarder();
});
afterAll(() => recorded.stop());
afterEach(() => recorded.reset());

describe('the gateway gets', () => {
  test('four headers and the certificate, and no credential of the client', async () => {
    await recorded.post('/api/chat?token=secret', '{"model":"x"}', [
      ['Authorization', 'Bearer secret'],
      ['Cookie', 'session=secret'],
      ['X-Forwarded-For', '192.0.2.1'],
      ['Content-Type', 'application/json'],
      ['Accept', 'application/x-ndjson'],
    ]);
    expect(recorded.gateway.requests).toHaveLength(1);
    const [seen] = recorded.gateway.requests;
    expect(seen?.headers).toEqual([
      ...['Host', testServerName, 'Connection', 'close'],
      ...['Content-Type', 'application/json', 'Accept', 'application/x-ndjson', 'Content-Length', '13'],
    ]);
    expect(seen).toMatchObject({ commonName: 'ci', tlsVersion: 'TLSv1.3', serverName: testServerName });
  });

  test('a fresh handshake for each request, never a saved session', async () => {
    for (let call = 0; call < 4; call++) await recorded.ask('GET /api/version HTTP/1.1');
    const { requests } = recorded.gateway;
    expect(requests.map(({ isResumed }) => isResumed)).toEqual([false, false, false, false]);
    expect(new Set(requests.map(({ connection }) => connection)).size).toBe(4);
  });

  test('a chunked body with its length, and no chunk that would smuggle', async () => {
    const body = '5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n';
    await recorded.ask(
      'POST /api/generate HTTP/1.1',
      [recorded.host, ['Transfer-Encoding', 'chunked']],
      body,
    );
    expect(recorded.gateway.requests).toMatchObject([{ body: '{"a":1}' }]);
    expect(recorded.gateway.requests[0]?.headers).toEqual(expect.arrayContaining(['Content-Length', '7']));
  });
});

describe('an answer of the gateway goes through', () => {
  test.each([401, 403, 404, 413, 429, 500, 502])('as it is: %i', async (status) => {
    recorded.gateway.answer = (_request, response) => {
      response.writeHead(status, { 'Retry-After': '1', 'Content-Type': 'application/json' });
      response.end('{"error":"words of the gateway"}');
    };
    expect(await recorded.post('/api/chat', '{}')).toEqual({
      status,
      body: '{"error":"words of the gateway"}',
    });
    // It is not sent twice.
    expect(recorded.gateway.requests).toHaveLength(1);
  });

  test.each([
    ['in chunks', true],
    ['to the end of the connection', false],
  ])('token by token, each before the gateway sends the next: %s', async (_what, isChunked) => {
    const seen = Array.from({ length: 8 }, signal);
    recorded.gateway.answer = (_request, response) => {
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
    const response = await fetch(`${recorded.forwarder.url}/api/chat`, { method: 'POST', body: '{}' });
    const reader = response.body?.getReader();
    for (const [number, at] of seen.entries()) {
      const piece = await within(reader?.read() ?? Promise.resolve(undefined), `token ${number}`);
      expect(Buffer.from(piece?.value ?? []).toString()).toBe(`{"token":${number}}\n`);
      at.give();
    }
    expect(await reader?.read()).toMatchObject({ done: true });
  });

  test('and is not sent again where the gateway breaks off', async () => {
    recorded.gateway.answer = (_request, response) => void response.socket?.destroy();
    const { status, body } = await recorded.post('/api/chat', '{}');
    expect(status).toBe(502);
    expect(body).toContain('the gateway did not answer');
    expect(recorded.gateway.requests).toHaveLength(1);
  });
});

describe('no request goes to a server', () => {
  const trusted = (name: string): Promise<Buffer> => readFile(join(recorded.gateway.pkiDirectory, name));

  test('of another CA', async () => {
    const folder = await temporaryFolder();
    await ensurePki(folder.path, {
      stack: 'test',
      ca: { commonName: 'test hardening CA', lifetimeDays: 30 },
      server: { serverNames: [testServerName], addresses: ['127.0.0.1'], lifetimeDays: 1 },
      clients: [],
    });
    const foreign = pkiPaths(folder.path).server;
    recorded.gateway.become({ cert: await readFile(foreign.certificate), key: await readFile(foreign.key) });
    await expectNoRequest();
    await folder.remove();
  });

  test("that shows a client's certificate of the same CA", async () => {
    recorded.gateway.become({
      cert: await trusted('certs/ci-1.crt'),
      key: await trusted('secrets/ci-1.key'),
    });
    await expectNoRequest();
  });

  test('of another name', async () => {
    const authority = loadAuthority(recorded.gateway.pkiDirectory);
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
    recorded.gateway.become({ cert, key: key.export({ format: 'pem', type: 'pkcs8' }).toString() });
    await expectNoRequest();
  });

  test('that speaks no TLS 1.3', async () => {
    recorded.gateway.become({ maxVersion: 'TLSv1.2' });
    await expectNoRequest();
  });

  async function expectNoRequest(): Promise<void> {
    const { status, body } = await recorded.post('/api/chat', '{"prompt":"secret"}');
    expect(status).toBe(502);
    expect(body).toContain('not the one that this forwarder was made for');
    expect(recorded.gateway.requests).toEqual([]);
    // With what it should have, the same request arrives.
    recorded.gateway.become({});
    expect(await recorded.post('/api/chat', '{"prompt":"secret"}')).toMatchObject({ status: 200 });
  }
});
