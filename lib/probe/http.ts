import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Identity } from './target.ts';
import { maxReadBytes } from './tcp.ts';

/** One HTTP/1.1 request to a port of the target. */
export interface HttpRequest {
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  /** Name for SNI; an IP address or an empty text sends none. */
  readonly serverName: string;
  readonly method: string;
  readonly path: string;
  /** Value of the Host header. */
  readonly hostHeader: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly identity?: Identity | undefined;
  /** Keeps connections between requests. Default: a connection for each request. */
  readonly agent?: HttpsAgent;
  /** Called at each piece of the body, as it arrives. */
  readonly onData?: (chunk: Buffer) => void;
  readonly signal: AbortSignal;
}

/** An answer, whatever its status. Redirects are never followed. */
export interface HttpReply {
  readonly kind: 'reply';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body's first 64 KiB, as UTF-8. */
  readonly body: string;
  /** The same as bytes. */
  readonly bytes: Buffer;
  /** True when there was more, or the connection broke off. */
  readonly truncated: boolean;
}

/** A request that got no HTTP answer. */
export interface HttpFailure {
  readonly kind: 'timeout' | 'refused' | 'closed' | 'tls' | 'not-http';
  /** The error's code or its words. */
  readonly detail: string;
  /** What came instead of HTTP. */
  readonly bytes?: Buffer;
}

export type HttpOutcome = HttpReply | HttpFailure;

/** True for an answer that is HTTP. */
export function isReply(outcome: HttpOutcome): outcome is HttpReply {
  return outcome.kind === 'reply';
}

/**
 * The TLS settings of an attacker: every version and cipher, no verification. What the certificate is worth is judged by
 * checks of its own; a probe that refused to talk could not tell.
 */
export function lenientTls(serverName: string, identity?: Identity): ConnectionOptions {
  return {
    // Node refuses an IP address in SNI (RFC 6066 section 3); an empty name sends none.
    servername: isIP(serverName) === 0 ? serverName : '',
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
    ...(identity === undefined ? {} : { cert: identity.cert, key: identity.key }),
  };
}

/** Names a failed exchange by its error. */
export function failure(error: NodeJS.ErrnoException & { rawPacket?: unknown }): HttpFailure {
  const code = error.code ?? error.name;
  if (code === 'ABORT_ERR' || code === 'AbortError' || code === 'TimeoutError' || code === 'ETIMEDOUT') {
    return { kind: 'timeout', detail: 'no answer in time' };
  }
  if (code === 'ECONNREFUSED') return { kind: 'refused', detail: 'connection refused' };
  if (code.startsWith('HPE_')) {
    const bytes = Buffer.isBuffer(error.rawPacket) ? error.rawPacket.subarray(0, maxReadBytes) : undefined;
    return { kind: 'not-http', detail: code, ...(bytes === undefined ? {} : { bytes }) };
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO' || code.startsWith('ERR_TLS_')) {
    return { kind: 'tls', detail: code.replace(/^ERR_SSL_/, '').toLowerCase() };
  }
  return { kind: 'closed', detail: code };
}

/** Sends one request and reads at most 64 KiB of the answer. Never throws: whatever goes wrong is an outcome. */
export function sendRequest(to: HttpRequest): Promise<HttpOutcome> {
  return new Promise((resolve) => {
    const options: RequestOptions = {
      host: to.address,
      port: to.port,
      method: to.method,
      path: to.path,
      setHost: false,
      agent: to.agent ?? false,
      headers: {
        host: to.hostHeader,
        'user-agent': 'hardening-probe',
        accept: 'application/json, */*',
        ...(to.body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(to.body) }),
        ...to.headers,
      },
      signal: to.signal,
    };
    const request = to.tls
      ? httpsRequest({ ...options, ...lenientTls(to.serverName, to.identity) })
      : httpRequest(options);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = (truncated: boolean): void => {
        const bytes = Buffer.concat(chunks).subarray(0, maxReadBytes);
        const { statusCode: status = 0, headers } = response;
        resolve({ kind: 'reply', status, headers, body: bytes.toString('utf8'), bytes, truncated });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        to.onData?.(chunk);
        if (size > maxReadBytes) {
          finish(true);
          request.destroy();
        }
      });
      response.on('end', () => finish(false));
      response.on('error', () => finish(true));
      response.on('close', () => finish(!response.complete));
    });
    // A server that switches protocols unasked is not spoken to any further.
    request.on('upgrade', (_response, socket) => socket.destroy());
    request.on('error', (error) => resolve(failure(error)));
    request.on('close', () => resolve({ kind: 'closed', detail: 'closed without an answer' }));
    request.end(to.body);
  });
}

/** An agent that keeps `connections` TLS connections, without a session cache. */
export function keptConnections(connections: number): HttpsAgent {
  return new HttpsAgent({ keepAlive: true, maxSockets: connections, maxCachedSessions: 0 });
}
