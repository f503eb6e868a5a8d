import { expect } from 'vitest';
import {
  openHttp2,
  openRawConnection,
  rawHttp2,
  requestBytes,
  type HeaderList,
  type Http2Connection,
  type RawConnection,
  type RawTarget,
  type TlsClient,
} from '../../support/raw-http.ts';
import type { RecordedRequest, RecordingUpstream } from '../../support/recording-upstream.ts';
import { testServerName, type TestGateway, type TestIdentity } from '../../support/test-gateway.ts';

export const protocols = ['HTTP/1.1', 'HTTP/2'] as const;
export type Protocol = (typeof protocols)[number];

export interface Question {
  readonly method: string;
  readonly path: string;
  /** Beside Host and Content-Length. Names in lower case, as HTTP/2 wants them. */
  readonly headers?: HeaderList;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HeaderList;
  readonly body: string;
}

/** A connection that is opened anew when the server has closed it. */
export interface Client {
  ask(question: Question): Promise<Answer>;
  close(): void;
}

/** How a service, or nobody, speaks TLS to the gateway. */
export function tlsOf(gateway: TestGateway, identity?: TestIdentity): TlsClient {
  return {
    ca: gateway.ca,
    servername: testServerName,
    ...(identity === undefined ? {} : { cert: identity.cert, key: identity.keyPem }),
  };
}

/** Where the gateway's TLS port is, for a service or nobody. */
export function targetOf(gateway: TestGateway, identity?: TestIdentity): RawTarget & { tls: TlsClient } {
  return { port: gateway.port, tls: tlsOf(gateway, identity) };
}

export function clientFor(protocol: Protocol, target: RawTarget): Client {
  return protocol === 'HTTP/1.1' ? http1Client(target) : http2Client(target);
}

function http1Client(target: RawTarget): Client {
  let connection: RawConnection | undefined;
  return {
    ask: async ({ method, path, headers = [], body }) => {
      connection ??= await openRawConnection(target);
      const framing: HeaderList =
        body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]];
      await connection.write(
        requestBytes(
          `${method} ${path} HTTP/1.1`,
          [['Host', testServerName], ...headers, ...framing],
          body ?? '',
        ),
      );
      const { response } = await connection.read({ methods: [method] });
      const lower = response.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
      if (lower.some(([name, value]) => name === 'connection' && value === 'close')) {
        connection.close('reset');
        connection = undefined;
      }
      return { status: response.status, headers: lower, body: response.body.toString() };
    },
    close: () => connection?.close('reset'),
  };
}

function http2Client(target: RawTarget): Client {
  let connection: Http2Connection | undefined;
  return {
    ask: async ({ method, path, headers = [], body }) => {
      const pseudo = { ':method': method, ':path': path, ':authority': testServerName, ':scheme': 'https' };
      if (method === 'CONNECT') {
        // node:http2 does not send a path with CONNECT.
        const raw = await rawHttp2({ ...target, headers: [...Object.entries(pseudo), ...headers] });
        return { status: raw.status, headers: [], body: raw.body.toString() };
      }
      if (connection === undefined || connection.closed) connection = await openHttp2(target);
      const answer = await connection.request({
        headers: { ...pseudo, ...Object.fromEntries(headers) },
        ...(body === undefined ? {} : { body }),
      });
      const received = Object.entries(answer.headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((one) => [name, one] as const),
      );
      return { status: answer.status, headers: received, body: answer.body.toString() };
    },
    close: () => connection?.close(),
  };
}

/** Every request that reached the upstream; fails for bytes that are not a request right to the letter. */
export async function requestsAt(upstream: RecordingUpstream): Promise<readonly RecordedRequest[]> {
  await upstream.settle(25);
  expect(upstream.malformed).toEqual([]);
  for (const request of upstream.requests) {
    expect(request.departures).toEqual([]);
    expect(request.complete).toBe(true);
    expect(request.version).toBe('HTTP/1.1');
  }
  return upstream.requests;
}

/** Method and target of every request that reached the upstream. */
export async function seenBy(upstream: RecordingUpstream): Promise<string[]> {
  return (await requestsAt(upstream)).map(({ method, target }) => `${method} ${target}`);
}

/** Fails if one byte reached the upstream. */
export async function expectNothingAt(upstream: RecordingUpstream): Promise<void> {
  await upstream.settle(25);
  expect(upstream.connections.map((bytes) => bytes.toString('latin1')).join('')).toBe('');
}

/** An answer of the gateway itself: Ollama's error form, nothing that tells a version. */
export function expectError(answer: Answer, status: number): void {
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String) as string });
  expect(valueOf(answer, 'content-type')).toBe('application/json');
  expectNoVersion(answer);
}

/** No header, nor the body, tells which nginx or OpenSSL this is. */
export function expectNoVersion({ headers, body }: Pick<Answer, 'headers' | 'body'>): void {
  expect(headers.filter(([name]) => name === 'server')).toEqual([['server', 'nginx']]);
  expect(`${JSON.stringify(headers)}${body}`).not.toMatch(/nginx\/|openssl|\b1\.\d+\.\d+\b/i);
}

export function valueOf({ headers }: Pick<Answer, 'headers'>, name: string): string | undefined {
  return headers.find(([key]) => key === name)?.[1];
}
