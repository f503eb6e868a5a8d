import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { testServerName, type TestGateway, type TestIdentity } from '../../support/test-gateway.ts';
import { untilHolds, within } from './waiting.ts';

export const protocols = ['HTTP/1.1', 'HTTP/2'] as const;
export type Protocol = (typeof protocols)[number];

/** One request. */
export interface ClientRequest {
  readonly path: string;
  /** Default: POST with a body or an open one, else GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent whole; with `length` announced, otherwise chunked (or, over HTTP/2, without a length). */
  readonly body?: string | Buffer;
  /** Whether the length of `body` is announced. Default true. */
  readonly length?: boolean;
  /** Leaves the request open after `body`; the test goes on with `write` and `end`. */
  readonly open?: boolean;
}

/** A request on its way and what came back of it so far. Nothing is thrown for what the gateway does. */
export interface Exchange {
  /** 0 until a response came. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly received: Buffer;
  /** `complete` when the response ended as it should, `aborted` when the stream or connection broke off. */
  readonly outcome: 'complete' | 'aborted' | undefined;
  /** Waits until `holds`; throws when it does not within ten seconds or when the exchange is over before. */
  until(holds: () => boolean): Promise<void>;
  /** Waits for the outcome. */
  ended(): Promise<Exchange>;
  write(bytes: string | Buffer): void;
  end(): void;
  /** Goes away in the middle: ends the connection, or resets the stream. */
  abort(): void;
  /** Reads no more. */
  pause(): void;
}

export interface Client {
  exchange(request: ClientRequest): Exchange;
  /** An exchange until its end. */
  ask(request: ClientRequest): Promise<Exchange>;
  /** Over HTTP/2, whether the gateway has closed the connection. */
  readonly closed: boolean;
  close(): void;
}

export interface ClientOptions {
  readonly protocol: Protocol;
  /** Without one, no certificate is sent. */
  readonly identity?: Pick<TestIdentity, 'cert' | 'keyPem'>;
  /** The source address, any of 127.0.0.0/8 on Linux. Default 127.0.0.1. */
  readonly localAddress?: string;
}

/** A client of the gateway: over HTTP/1.1 with a connection for each exchange, over HTTP/2 with one for all. */
export async function openClient(gateway: TestGateway, options: ClientOptions): Promise<Client> {
  const { identity, localAddress, protocol } = options;
  const tls: ConnectionOptions = {
    host: '127.0.0.1',
    port: gateway.port,
    servername: testServerName,
    ca: gateway.ca,
    ...(identity === undefined ? {} : { cert: identity.cert, key: identity.keyPem }),
    ...(localAddress === undefined ? {} : { localAddress }),
  };
  if (protocol === 'HTTP/1.1') {
    const exchange = (request: ClientRequest) => http1Exchange(tls, request);
    return { exchange, ask: (request) => exchange(request).ended(), closed: false, close: () => undefined };
  }
  const socket = connectTls({ ...tls, ALPNProtocols: ['h2'] });
  const session = connectHttp2(`https://${testServerName}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  await within(new Promise((connected) => session.once('connect', connected)), 'an HTTP/2 connection');
  const exchange = (request: ClientRequest) => http2Exchange(session, request);
  return {
    exchange,
    ask: (request) => exchange(request).ended(),
    get closed() {
      return session.closed || session.destroyed;
    },
    close: () => session.destroy(),
  };
}

const methodOf = (request: ClientRequest): string =>
  request.method ?? (request.body === undefined && request.open !== true ? 'GET' : 'POST');

/** `content-length`, where it is announced. */
function lengthOf({ body, length = true, open = false }: ClientRequest): Record<string, string> {
  return body === undefined || !length || open ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

function http1Exchange(tls: ConnectionOptions, request: ClientRequest): Exchange {
  const state = newState();
  let socket: TLSSocket | undefined;
  let incoming: IncomingMessage | undefined;
  const outgoing = httpsRequest({
    createConnection: () => (socket = connectTls({ ...tls, ALPNProtocols: ['http/1.1'] })),
    method: methodOf(request),
    path: request.path,
    headers: { host: testServerName, ...lengthOf(request), ...request.headers },
  });
  outgoing.on('response', (response) => {
    incoming = response;
    state.status = response.statusCode ?? 0;
    state.headers = flat(response.headers);
    response.on('data', (piece: Buffer) => state.pieces.push(piece));
    response.on('end', () => (state.outcome ??= response.complete ? 'complete' : 'aborted'));
    response.on('error', () => (state.outcome ??= 'aborted'));
  });
  // A refusal may come, and the connection go, before the body is written: the response decides then.
  outgoing.on('error', () => {
    if (state.status === 0) state.outcome ??= 'aborted';
  });
  outgoing.on('close', () => (state.outcome ??= 'aborted'));
  send(outgoing, request);
  return exchange(state, {
    write: (bytes) => void outgoing.write(bytes),
    end: () => void outgoing.end(),
    abort: () => socket?.destroy(),
    pause: () => void incoming?.pause(),
  });
}

function http2Exchange(session: ClientHttp2Session, request: ClientRequest): Exchange {
  const state = newState();
  const stream = session.request(
    {
      ':method': methodOf(request),
      ':path': request.path,
      ':authority': testServerName,
      ...lengthOf(request),
      ...request.headers,
    },
    { endStream: request.body === undefined && request.open !== true },
  );
  stream.on('response', (headers) => {
    state.status = Number(headers[':status']);
    state.headers = flat(headers);
  });
  let ended = false;
  stream.on('data', (piece: Buffer) => state.pieces.push(piece));
  stream.on('end', () => (ended = true));
  stream.on('error', () => undefined);
  // NO_ERROR after a whole response tells a client to send no more of its request (RFC 9113, 8.1).
  stream.on('close', () => {
    const whole = ended && state.status !== 0 && stream.rstCode === constants.NGHTTP2_NO_ERROR;
    state.outcome ??= whole ? 'complete' : 'aborted';
  });
  if (request.body !== undefined || request.open === true) send(stream, request);
  return exchange(state, {
    write: (bytes) => void stream.write(bytes),
    end: () => void stream.end(),
    abort: () => stream.close(constants.NGHTTP2_CANCEL),
    pause: () => void stream.pause(),
  });
}

function send(
  outgoing: { write(bytes: string | Buffer): unknown; end(): unknown },
  { body, open = false }: ClientRequest,
): void {
  if (body !== undefined && body.length > 0) outgoing.write(body);
  if (!open) outgoing.end();
}

interface State {
  status: number;
  headers: Record<string, string>;
  readonly pieces: Buffer[];
  outcome: Exchange['outcome'];
}

const newState = (): State => ({ status: 0, headers: {}, pieces: [], outcome: undefined });

const flat = (headers: object): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

function exchange(state: State, controls: Pick<Exchange, 'write' | 'end' | 'abort' | 'pause'>): Exchange {
  const self: Exchange = {
    get status() {
      return state.status;
    },
    get headers() {
      return state.headers;
    },
    get received() {
      return Buffer.concat(state.pieces);
    },
    get outcome() {
      return state.outcome;
    },
    async until(holds) {
      await untilHolds(() => holds() || state.outcome !== undefined, 'what the test waits for');
      if (!holds()) throw new Error(`the response ended: ${state.status}, ${String(state.outcome)}`);
    },
    async ended() {
      await untilHolds(() => state.outcome !== undefined, 'the end of a response');
      return self;
    },
    ...controls,
  };
  return self;
}
