import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StandInError, type Exchange, type StandInState } from './exchange.ts';
import { isAllowedHost, isAllowedOrigin } from './host-check.ts';
import { defaultModels, describeModel } from './models.ts';
import { errorBody, sendJson, sendStatus, sendText } from './replies.ts';
import { matchRoute, type StandInRouteClass } from './routes.ts';

/** How to start a stand-in. */
export interface StandInOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** An address of loopback, so that the Host check holds. Default 127.0.0.1. */
  readonly host?: '127.0.0.1' | '::1';
  /** Names of models; a tag of `latest` is added where there is none. Default stand-in and stand-in-embed. */
  readonly models?: readonly string[];
  /** The pause before each token in milliseconds. Default 20: a stream that can be seen to be one. */
  readonly tokenDelayMs?: number;
  /** What every generated text says. Default: that it is no model's. */
  readonly reply?: string;
}

/** A stand-in that runs. */
export interface StandIn {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** How often each route was called, by its method and pattern: `POST /api/pull`. Refused requests do not count. */
  readonly calls: ReadonlyMap<string, number>;
  /** The same by what a route does. Behind a gateway that holds, `mutating` and `account` stay 0. */
  readonly callsByClass: Readonly<Record<StandInRouteClass, number>>;
  /** How many requests are being answered now. */
  readonly running: number;
  /** Ends it, with running streams. */
  close(): Promise<void>;
}

/** The text of every reply, unless told otherwise. */
export const defaultReply =
  'This text comes from a stand-in for Ollama. No model ran, nothing was read and nothing was reviewed: ' +
  'start Ollama, or give the address of one, for a real answer.';

/**
 * Starts a server that answers as Ollama would, so that a gateway can be tried without one: its routes, streams, error
 * forms, Host and Origin checks. It keeps nothing, logs nothing and says in its version, models and texts what it is.
 * Rejects with the system's error (`EADDRINUSE`) when it cannot listen.
 */
export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const state: StandInState = {
    models: (options.models ?? defaultModels).map(describeModel),
    loaded: new Set(),
    reply: options.reply ?? defaultReply,
    tokenDelayMs: options.tokenDelayMs ?? 20,
  };
  const calls = new Map<string, number>();
  const callsByClass = { read: 0, inference: 0, mutating: 0, account: 0 };
  let running = 0;
  const server = createServer((request, response) => {
    running += 1;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    // Only the connection's own errors come here: the client went away.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const exchange = { request, response, gone: gone.signal, state, parameters: {} };
    void serve(exchange, (name, routeClass) => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      callsByClass[routeClass] += 1;
    }).finally(() => (running -= 1));
  });
  limitTimes(server);
  server.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    port,
    calls,
    callsByClass,
    get running() {
      return running;
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function limitTimes(server: Server): void {
  server.headersTimeout = 60_000;
  server.requestTimeout = 300_000;
  // Longer than nginx keeps an idle connection to an upstream (keepalive_timeout, 60 s): it must be the one to close.
  server.keepAliveTimeout = 120_000;
  server.maxConnections = 1024;
}

type Count = (name: string, routeClass: StandInRouteClass) => void;

/** Answers one request; never rejects. */
async function serve(exchange: Exchange, count: Count): Promise<void> {
  const { request, response } = exchange;
  const target = targetOf(request);
  const refusal = refusalOf(request, target.host);
  if (refusal !== undefined) {
    sendStatus(exchange, refusal);
    return;
  }
  const match = matchRoute(request.method ?? '', target.path);
  if (match === undefined) {
    sendText(exchange, '404 page not found', 404);
    return;
  }
  if ('allowed' in match) {
    response.setHeader('Allow', match.allowed.join(', '));
    sendText(exchange, '405 method not allowed', 405);
    return;
  }
  const { route, parameters } = match;
  count(`${request.method ?? ''} ${route.path}`, route.routeClass);
  try {
    await route.handler({ ...exchange, parameters });
  } catch (error) {
    fail(exchange, error, (status, message) => errorBody(route.errors, status, message));
  }
}

function fail(exchange: Exchange, error: unknown, body: (status: number, message: string) => unknown): void {
  const { response, gone } = exchange;
  if (gone.aborted || response.headersSent) {
    response.destroy();
    return;
  }
  const known = error instanceof StandInError ? error : new StandInError(500, 'the stand-in failed');
  // The rest of a body that is too long is not read: the connection cannot be used again.
  if (known.status === 413) response.setHeader('Connection', 'close');
  sendJson(exchange, body(known.status, known.message), known.status);
}

/** The status of a request that Ollama refuses before it looks at the route, or answers as a preflight. */
function refusalOf(request: IncomingMessage, host: string): number | undefined {
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name));
  if (hosts.length > 1) return 400;
  const origin = request.headers.origin ?? '';
  if (!isAllowedOrigin(origin, host)) return 403;
  if (origin !== '' && request.method === 'OPTIONS') return 204;
  if (!isAllowedHost(host)) return 403;
  return request.method === 'OPTIONS' ? 204 : undefined;
}

/** The host and the decoded path of a request. In absolute form the target's host counts (RFC 9112, 3.2.2). */
function targetOf(request: IncomingMessage): { host: string; path: string } {
  const absolute = /^https?:\/\/([^/?#]*)([^?#]*)/i.exec(request.url ?? '');
  const host = absolute?.[1] ?? request.headers.host ?? '';
  const path = absolute?.[2] ?? (request.url ?? '').split('?', 1)[0] ?? '';
  try {
    return { host, path: decodeURIComponent(path) };
  } catch {
    return { host, path };
  }
}
