import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../lib/pki/authority.ts';
import { loadAuthority } from '../../lib/pki/load.ts';
import { forgeries, type Forgery } from '../support/forge.ts';
import { rawHttp } from '../support/raw-http.ts';
import {
  startTestGateway,
  testServerName,
  testStack,
  type TestGateway,
  type TestIdentity,
} from '../support/test-gateway.ts';
import {
  expectError,
  expectNothingAt,
  protocols,
  requestsAt,
  seenBy,
  type Answer,
  type Protocol,
} from './support/asking.ts';

const victim = { stack: testStack, service: 'ci', generation: 1 };
const path = '/ollama/api/tags';
const prompt = JSON.stringify({ model: 'm', prompt: 'secret '.repeat(500) });

let gateway: TestGateway;
let ci: TestIdentity;
/** The table over the CA of the running gateway, by name. */
let forged: ReadonlyMap<string, Forgery>;

beforeAll(async () => {
  gateway = await startTestGateway();
  ci = await gateway.identity('ci');
  const { certificate, key } = loadAuthority(join(gateway.folder, 'pki'));
  if (key === undefined) throw new Error('the CA of the test has no key');
  forged = new Map(
    forgeries({ authority: { certificate, key }, victim }).map((forgery) => [forgery.name, forgery]),
  );
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

/** Names and outcomes do not depend on the CA, and are needed before the gateway's is there. */
const anyAuthority = await createAuthority({
  commonName: 'unused',
  organization: testStack,
  lifetimeDays: 1,
  now: new Date(),
});
const table = forgeries({ authority: anyAuthority, victim });

interface Presented {
  readonly cert: string;
  readonly key: string;
}

/** One request by node's own clients, whose TLS here sends even what it finds too weak. */
async function ask(protocol: Protocol, method: 'GET' | 'POST', presented?: Presented): Promise<Answer> {
  const socket = connectTls({
    host: '127.0.0.1',
    port: gateway.port,
    servername: testServerName,
    ca: gateway.ca,
    ciphers: 'DEFAULT@SECLEVEL=0',
    ALPNProtocols: [protocol === 'HTTP/2' ? 'h2' : 'http/1.1'],
    ...presented,
  });
  await once(socket, 'secureConnect');
  return protocol === 'HTTP/2' ? askHttp2(socket, method) : askHttp1(socket, method);
}

function askHttp1(socket: TLSSocket, method: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = httpsRequest({
      createConnection: () => socket,
      method,
      path: method === 'POST' ? '/ollama/api/chat' : path,
      headers: { Host: testServerName },
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', reject);
      response.on('end', () => {
        const { rawHeaders: raw } = response;
        const headers = raw.flatMap((name, index) =>
          index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? ''] as const] : [],
        );
        resolve({ status: response.statusCode ?? 0, headers, body });
      });
    });
    asked.end(method === 'POST' ? prompt : undefined);
  });
}

async function askHttp2(socket: TLSSocket, method: string): Promise<Answer> {
  const session: ClientHttp2Session = connectHttp2(`https://${testServerName}`, {
    createConnection: () => socket,
  });
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({
        ':method': method,
        ':path': method === 'POST' ? '/ollama/api/chat' : path,
      });
      const answer = { status: 0, headers: [] as (readonly [string, string])[], body: '' };
      stream.on('error', reject);
      stream.on('response', (headers) => {
        answer.status = headers[':status'] ?? 0;
        answer.headers = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
      });
      stream.setEncoding('utf8').on('data', (text: string) => (answer.body += text));
      stream.on('end', () => resolve(answer));
      stream.end(method === 'POST' ? prompt : undefined);
    });
  } finally {
    session.destroy();
  }
}

describe.each(protocols)('over %s', (protocol) => {
  test.each(['GET', 'POST'] as const)(
    'no certificate, %s: 401, and nothing reaches Ollama',
    async (method) => {
      expectError(await ask(protocol, method), 401);
      await expectNothingAt(gateway.upstream);
    },
  );

  test.each(table.map(({ name, expected, why }) => ({ name, expected, why })))(
    '$name: $expected ($why)',
    async ({ name, expected }) => {
      const { chainPem, keyPem } = forged.get(name)?.make() ?? { chainPem: '', keyPem: '' };
      for (const method of ['GET', 'POST'] as const) {
        const answer = await ask(protocol, method, { cert: chainPem, key: keyPem });
        if (expected === 401) expectError(answer, 401);
        else expect(answer.status).toBe(200);
      }
      if (expected === 401) return expectNothingAt(gateway.upstream);
      expect(await seenBy(gateway.upstream)).toEqual(['GET /api/tags', 'POST /api/chat']);
      for (const { headers } of await requestsAt(gateway.upstream))
        expect(headers).toContainEqual(['X-Service-Name', 'ci']);
      return undefined;
    },
  );

  test.each(['ci', 'reader', 'inferrer', 'narrow'])(
    'the certificate of %s: 200 under its own name',
    async (service) => {
      const { cert, keyPem } = await gateway.identity(service);
      const method = service === 'inferrer' ? 'POST' : 'GET';
      expect((await ask(protocol, method, { cert, key: keyPem })).status).toBe(200);
      const [request] = await requestsAt(gateway.upstream);
      expect(request?.headers).toContainEqual(['X-Service-Name', service]);
    },
  );

  test('the certificate of the gateway itself: 401, and nothing reaches Ollama', async () => {
    const { certificate, key } = gateway.pki.server;
    const presented = { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
    expectError(await ask(protocol, 'POST', presented), 401);
    await expectNothingAt(gateway.upstream);
  });
});

test('plain HTTP on the TLS port: 401, and nothing reaches Ollama', async () => {
  const bytes = `POST /ollama/api/chat HTTP/1.1\r\nHost: ${testServerName}\r\nContent-Length: 9\r\n\r\n{"a":"b"}`;
  const { response, closed } = await rawHttp({ port: gateway.port, bytes, lingerMs: 500 });
  expectError(
    {
      status: response.status,
      headers: response.headers.map(([name, value]) => [name.toLowerCase(), value] as const),
      body: response.body.toString(),
    },
    401,
  );
  expect(closed).toBe(true);
  await expectNothingAt(gateway.upstream);
});

test.each(['TLSv1.2', 'TLSv1.1', 'TLSv1'] as const)('%s is refused in the handshake', async (version) => {
  const socket = connectTls({
    host: '127.0.0.1',
    port: gateway.port,
    servername: testServerName,
    ca: gateway.ca,
    cert: ci.cert,
    key: ci.keyPem,
    minVersion: version,
    maxVersion: version,
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const outcome = await new Promise((resolve) => {
    socket.on('secureConnect', () => resolve('a handshake'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  socket.destroy();
  expect(outcome).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  await expectNothingAt(gateway.upstream);
});

/** Runs a program to its end; its exit status is no failure here. */
async function run(program: string, parameters: readonly string[], input = ''): Promise<string> {
  const running = promisify(execFile)(program, parameters, { timeout: 10_000 });
  running.child.stdin?.end(input);
  return running.then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: unknown) => {
      const {
        stdout = '',
        stderr = '',
        code,
      } = error as { stdout?: string; stderr?: string; code?: unknown };
      if (typeof code !== 'number') throw error;
      return stdout + stderr;
    },
  );
}

/** What clients that no one here wrote see, for some of the table: the certificates on disk as they want them. */
describe('the same by programs', () => {
  const some = [
    'the genuine certificate',
    'expired',
    'not yet valid',
    'foreign CA of the same name',
    'self-signed',
    'server certificate as client',
    'next generation',
    'CN in upper case',
    'a second CN before',
  ];
  const filesOf = (name: string): { certificate: string; key: string } => {
    const made = forged.get(name)?.make();
    if (made === undefined) throw new Error(`no forgery ${name}`);
    const file = (suffix: string): string => join(gateway.folder, `${name.replaceAll(' ', '-')}.${suffix}`);
    writeFileSync(file('crt'), made.chainPem);
    writeFileSync(file('key'), made.keyPem, { mode: 0o600 });
    return { certificate: file('crt'), key: file('key') };
  };
  const expectSeen = async (expected: string): Promise<void> => {
    if (expected === '200') expect(await seenBy(gateway.upstream)).toEqual(['GET /api/tags']);
    else await expectNothingAt(gateway.upstream);
  };
  const statusFor = (name: string): string => String(table.find((row) => row.name === name)?.expected);
  const ca = (): string => gateway.pki.ca.certificate;

  const curl = (version: '1.1' | '2', ...parameters: readonly string[]): Promise<string> =>
    run('curl', [
      ...['--silent', '--show-error', '--noproxy', '*', `--http${version}`, '--cacert', ca()],
      ...['--resolve', `${testServerName}:${gateway.port}:127.0.0.1`],
      ...['--write-out', '\n%{http_code} %{http_version}', ...parameters],
      `https://${testServerName}:${gateway.port}${path}`,
    ]);

  describe.each(['1.1', '2'] as const)('curl --http%s', (version) => {
    test('without a certificate: 401', async () => {
      expect(await curl(version)).toBe(
        `{"error":"a client certificate that this gateway accepts is required"}\n401 ${version}`,
      );
      await expectSeen('401');
    });
    test.each(some.map((name) => [name, statusFor(name)]))('%s: %s', async (name, expected) => {
      const { certificate, key } = filesOf(name);
      expect(await curl(version, '--cert', certificate, '--key', key)).toMatch(
        new RegExp(`\n${expected} ${version.replace('.', '\\.')}$`),
      );
      await expectSeen(expected);
    });
  });

  const sClient = (...parameters: readonly string[]): Promise<string> =>
    run(
      'openssl',
      [
        ...['s_client', '-connect', `127.0.0.1:${gateway.port}`, '-servername', testServerName],
        ...['-CAfile', ca(), '-verify_return_error', '-verify_hostname', testServerName],
        ...['-ign_eof', ...parameters],
      ],
      `GET ${path} HTTP/1.1\r\nHost: ${testServerName}\r\nConnection: close\r\n\r\n`,
    );

  test('openssl s_client without a certificate: 401, after TLS 1.3 with the right server', async () => {
    const output = await sClient();
    expect(output).toMatch(/^New, TLSv1\.3, Cipher is /m);
    expect(output).toMatch(/Verify return code: 0 \(ok\)/);
    expect(output).toMatch(/^HTTP\/1\.1 401 /m);
    // The gateway asks for certificates of its CA by name.
    expect(output).toMatch(/Acceptable client certificate CA names/);
    await expectSeen('401');
  });
  test.each(some.map((name) => [name, statusFor(name)]))(
    'openssl s_client, %s: %s',
    async (name, expected) => {
      const { certificate, key } = filesOf(name);
      const output = await sClient('-cert', certificate, '-key', key, '-cert_chain', certificate);
      expect(output).toMatch(new RegExp(`^HTTP/1\\.1 ${expected} `, 'm'));
      await expectSeen(expected);
    },
  );
  test('openssl s_client -tls1_2 is refused in the handshake', async () => {
    const output = await sClient('-tls1_2', '-cert', ci.certificate, '-key', ci.key);
    expect(output).toMatch(/alert protocol version/);
    expect(output).not.toMatch(/^HTTP\//m);
    await expectSeen('401');
  });
});
