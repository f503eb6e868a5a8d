import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { TLSSocket } from 'node:tls';
import { connectSocket, type RawTarget, type TlsFacts, tlsFacts } from './byte-stream.ts';

/** One request. What Node refuses to send (a connection-specific header, a line break) throws: see rawHttp2. */
export interface Http2Request {
  /** Pseudo headers too, as given: `:authority` may differ from the server's name. `:method` is GET by default. */
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Default 5000. */
  readonly timeoutMs?: number;
}

/** What came back. Nothing is thrown for what a peer does. */
export interface Http2Answer {
  /** 0 when no response came. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the stream ended as it should. */
  readonly complete: boolean;
  /** The name of the code of RST_STREAM, without `NGHTTP2_`: `REFUSED_STREAM`. */
  readonly reset?: string;
  /** The name of the code of GOAWAY. */
  readonly goaway?: string;
  /** The code of an error of the connection or the stream. */
  readonly error?: string;
  readonly timedOut: boolean;
}

/** An HTTP/2 connection; requests may run side by side. */
export interface Http2Connection {
  request(request: Http2Request): Promise<Http2Answer>;
  /** Starts a request and leaves reading it to the caller: to see pieces of a stream as they come. */
  stream(headers: OutgoingHttpHeaders): ClientHttp2Stream;
  readonly session: ClientHttp2Session;
  /** Undefined for cleartext. */
  readonly tls: TlsFacts | undefined;
  readonly closed: boolean;
  close(): void;
}

/** Opens a connection; throws when there is none to have, or when the server does not choose h2. */
export async function openHttp2(target: RawTarget): Promise<Http2Connection> {
  const socket = await connectSocket(target, ['h2']);
  if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') {
    socket.destroy();
    throw Object.assign(new Error('the server did not choose h2'), { code: 'NO_H2' });
  }
  let tlsSession: Buffer | undefined;
  socket.on('session', (newest: Buffer) => (tlsSession = newest));
  const scheme = target.tls === undefined ? 'http' : 'https';
  const session = connect(`${scheme}://${target.tls?.servername ?? 'localhost'}`, {
    createConnection: () => socket,
  });
  let goaway: string | undefined;
  let error: string | undefined;
  session.on('goaway', (code: number) => (goaway = codeName(code)));
  session.on('error', (cause: NodeJS.ErrnoException) => (error ??= cause.code ?? cause.message));

  async function request({ headers, body, timeoutMs = 5000 }: Http2Request): Promise<Http2Answer> {
    if (session.closed || session.destroyed)
      return { ...nothing, ...present({ goaway, error: error ?? 'closed' }) };
    const stream = session.request(headers, { endStream: body === undefined });
    let status = 0;
    let received: IncomingHttpHeaders = {};
    const seen = { end: false, timeOut: false };
    let streamError: string | undefined;
    const pieces: Buffer[] = [];
    stream.on('response', (head) => {
      received = head;
      status = Number(head[':status']);
    });
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => (seen.end = true));
    stream.on('error', (cause: NodeJS.ErrnoException) => (streamError ??= cause.code ?? cause.message));
    const timer = setTimeout(() => {
      seen.timeOut = true;
      stream.close(constants.NGHTTP2_CANCEL);
    }, timeoutMs);
    const over = new Promise<void>((resolve) => stream.once('close', resolve));
    if (body !== undefined) stream.end(body);
    await over;
    clearTimeout(timer);
    const code = stream.rstCode;
    // Node closes a stream whose response ended before the request did with NO_ERROR or CANCEL of its own.
    const reset = seen.timeOut || code === constants.NGHTTP2_NO_ERROR ? undefined : codeName(code);
    return {
      status,
      headers: received,
      body: Buffer.concat(pieces),
      complete: seen.end && status !== 0 && reset === undefined,
      timedOut: seen.timeOut,
      ...present({ reset, goaway, error: streamError ?? error }),
    };
  }

  return {
    request,
    stream: (headers) => session.request(headers),
    session,
    tls: socket instanceof TLSSocket ? tlsFacts(socket, () => tlsSession) : undefined,
    get closed() {
      return session.closed || session.destroyed;
    },
    close: () => session.destroy(),
  };
}

/** Opens a connection, makes one request and closes. A connection that fails is an answer too. */
export async function http2Request(target: RawTarget & Http2Request): Promise<Http2Answer> {
  let connection: Http2Connection;
  try {
    connection = await openHttp2(target);
  } catch (cause) {
    return { ...nothing, error: (cause as NodeJS.ErrnoException).code ?? String(cause) };
  }
  try {
    return await connection.request(target);
  } finally {
    connection.close();
  }
}

const nothing: Http2Answer = {
  status: 0,
  headers: {},
  body: Buffer.alloc(0),
  complete: false,
  timedOut: false,
};

function present<Key extends string>(fields: Record<Key, string | undefined>): Partial<Record<Key, string>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<
    Record<Key, string>
  >;
}

/** The name of an HTTP/2 error code (RFC 9113, 7), as in node:http2's constants without their prefix. */
function codeName(code: number): string {
  return errorCodes[code] ?? `code ${code}`;
}

/** RFC 9113, 7, in order from 0. */
export const errorCodes = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;
