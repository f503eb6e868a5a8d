import { setTimeout as delay } from 'node:timers/promises';
import { openByteStream, type RawTarget, type TlsFacts } from './byte-stream.ts';
import { MalformedMessage, type HeaderList } from './http-bytes.ts';
import { takeResponse, type RawResponse } from './http-response.ts';

export { valuesOf } from './http-bytes.ts';
export type { HeaderList } from './http-bytes.ts';
export type { RawResponse } from './http-response.ts';
export type { RawTarget, TlsClient, TlsFacts } from './byte-stream.ts';
export { http2Request, openHttp2 } from './http2-client.ts';
export type { Http2Answer, Http2Connection, Http2Request } from './http2-client.ts';
export { answerOf, openRawHttp2, rawHttp2 } from './raw-http2.ts';
export type { RawHttp2Answer } from './raw-http2.ts';

/** Bytes to send: text goes out as latin1; a number is a pause in milliseconds. */
export type RawBytes = string | Buffer | readonly (string | Buffer | number)[];

/** What to wait for. */
export interface RawReadOptions {
  /** Final responses to wait for. Default 1. */
  readonly responses?: number;
  /** The methods they answer, for HEAD has no body. Default: read from the bytes' first word, then GET. */
  readonly methods?: readonly string[];
  /** How long to wait for them. Default 5000. */
  readonly timeoutMs?: number;
  /** How long to look, after the last of them, whether more comes or the peer closes. Default 0. */
  readonly lingerMs?: number;
}

/** What came back. Nothing is thrown for what a peer does: each outcome is a field. */
export interface RawAnswer {
  readonly responses: readonly RawResponse[];
  /** The first of them. Throws, telling what happened instead, when there is none. */
  readonly response: RawResponse;
  /** Bytes that belong to none of them. */
  readonly rest: Buffer;
  /** Whether the peer has closed; right after a response this is only told with `lingerMs`. */
  readonly closed: boolean;
  readonly timedOut: boolean;
  /** The code of a connection, TLS or parsing error: ECONNREFUSED, ECONNRESET, ERR_SSL_…. */
  readonly error?: string;
  readonly tls?: TlsFacts;
}

/** A connection that stays open between requests. */
export interface RawConnection {
  /** Sends bytes; what cannot be sent because the peer is gone shows at the next read. */
  write(bytes: RawBytes): Promise<void>;
  read(options?: RawReadOptions): Promise<RawAnswer>;
  /** Waits until `text` came (raw, from the start of the connection) and returns all bytes so far; else throws. */
  readUntil(text: string, timeoutMs?: number): Promise<Buffer>;
  /** All bytes that came, from the start. */
  readonly received: Buffer;
  readonly tls?: TlsFacts;
  /** Ends it; with `reset` by RST. */
  close(how?: 'end' | 'reset'): void;
}

/** Opens a connection; throws when there is none to have (refused, handshake failed). */
export async function openRawConnection(target: RawTarget): Promise<RawConnection> {
  const stream = await openByteStream(target);
  let pending: Buffer = Buffer.alloc(0);
  let consumed = 0;
  let firstWord = 'GET';
  let broken: string | undefined;

  return {
    async write(bytes) {
      const parts = typeof bytes === 'string' || Buffer.isBuffer(bytes) ? [bytes] : bytes;
      const first = parts.find((part) => typeof part !== 'number');
      if (first !== undefined)
        firstWord = /^\S*/.exec(asBuffer(first).toString('latin1', 0, 32))?.[0] ?? 'GET';
      for (const part of parts) {
        if (typeof part === 'number') await delay(part);
        else stream.write(asBuffer(part));
      }
    },
    async read({ responses: wanted = 1, methods, timeoutMs = 5000, lingerMs = 0 } = {}) {
      const responses: RawResponse[] = [];
      const parse = (): void => {
        pending = Buffer.concat([pending, stream.received.subarray(consumed)]);
        consumed = stream.received.length;
        try {
          while (broken === undefined && pending.length > 0) {
            const method = methods?.[responses.length] ?? (responses.length === 0 ? firstWord : 'GET');
            const taken = takeResponse(pending, method, stream.closed);
            if (taken === undefined) return;
            responses.push(taken.response);
            pending = taken.rest;
          }
        } catch (error) {
          if (!(error instanceof MalformedMessage)) throw error;
          broken = `malformed response: ${error.message}`;
        }
      };
      const inTime = await stream.until(() => {
        parse();
        return responses.length >= wanted || broken !== undefined;
      }, timeoutMs);
      if (inTime && lingerMs > 0) await stream.until(() => stream.closed, lingerMs);
      parse();
      const error = broken ?? stream.error;
      const outcome = error ?? (stream.closed ? 'the connection was closed' : 'no answer in time');
      return {
        responses,
        get response() {
          const [first] = responses;
          if (first === undefined) throw new Error(`no response: ${outcome}`);
          return first;
        },
        rest: pending,
        closed: stream.closed,
        timedOut: !inTime,
        ...(error === undefined ? {} : { error }),
        ...(stream.tls === undefined ? {} : { tls: stream.tls }),
      };
    },
    async readUntil(text, timeoutMs = 5000) {
      await stream.until(() => stream.received.includes(text, 0, 'latin1'), timeoutMs);
      if (!stream.received.includes(text, 0, 'latin1'))
        throw new Error(`${JSON.stringify(text)} did not come, only ${stream.received.toString('latin1')}`);
      return stream.received;
    },
    get received() {
      return stream.received;
    },
    ...(stream.tls === undefined ? {} : { tls: stream.tls }),
    close: (how = 'end') => stream.close(how),
  };
}

/** Opens a connection, sends bytes, reads the answer and closes. A connection that fails is an answer too. */
export async function rawHttp(
  target: RawTarget & RawReadOptions & { readonly bytes: RawBytes },
): Promise<RawAnswer> {
  let connection: RawConnection;
  try {
    connection = await openRawConnection(target);
  } catch (cause) {
    const error = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return {
      responses: [],
      get response(): RawResponse {
        throw new Error(`no response: ${error}`);
      },
      rest: Buffer.alloc(0),
      closed: true,
      timedOut: error === 'ETIMEDOUT',
      error,
    };
  }
  try {
    await connection.write(target.bytes);
    return await connection.read(target);
  } finally {
    connection.close('reset');
  }
}

/** Writes a request out: a start line, fields in this order and case, and the body. Nothing is added or checked. */
export function requestBytes(startLine: string, headers: HeaderList, body: string | Buffer = ''): Buffer {
  const head = [startLine, ...headers.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), asBuffer(body)]);
}

function asBuffer(bytes: string | Buffer): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}
