import {
  bodyReader,
  framingOf,
  MalformedMessage,
  takeHead,
  type BodyReader,
  type HeaderList,
} from './http-bytes.ts';

/** One request as an upstream saw it. It is recorded when its head has come; the body grows until `complete`. */
export interface RecordedRequest {
  readonly method: string;
  /** The request target, byte for byte (latin1), query and all. */
  readonly target: string;
  /** As on the wire: `HTTP/1.1`. */
  readonly version: string;
  /** In order, names in their original case. */
  readonly headers: HeaderList;
  /** The decoded body so far. */
  readonly body: Buffer;
  readonly complete: boolean;
  /** Fields after the last chunk. */
  readonly trailers: HeaderList;
  /** What a strict parser would have refused, see MessageHead and framingOf; `[]` for what a good proxy sends. */
  readonly departures: readonly string[];
  /** Index into `connections`. */
  readonly connection: number;
}

/** Bytes that were not, or did not become, a request. */
export interface MalformedRequest {
  /** From the start of the message that failed to the last byte that was read. */
  readonly malformed: Buffer;
  readonly reason: string;
  readonly connection: number;
}

/** A head longer than this is malformed: far above what nginx sends (large_client_header_buffers, 4 times 8 KiB). */
const maxHeadBytes = 1024 * 1024;

/** Reads the requests of one connection out of its bytes. */
export interface RequestReader {
  /** Feeds bytes. Nothing is read any more after a malformed message. */
  push(bytes: Buffer): void;
  /** Says that no more bytes will come: what was begun and not finished is malformed. */
  end(): void;
}

/** Where a reader tells what it found. */
export interface RequestEvents {
  /** A head was read. */
  request(request: RecordedRequest): void;
  /** The same request's last byte was read. */
  complete(request: RecordedRequest): void;
  malformed(bytes: Buffer, reason: string): void;
  /** The number of the connection, asked for at each request. */
  connection(): number;
}

/** Makes a reader for one connection. */
export function requestReader(events: RequestEvents): RequestReader {
  let pending: Buffer = Buffer.alloc(0);
  let message: Buffer[] = [];
  let current: { request: RecordedRequest; pieces: Buffer[]; reader: BodyReader; finish(): void } | undefined;
  let failed = false;

  function fail(reason: string): void {
    failed = true;
    events.malformed(Buffer.concat(message), reason);
  }

  function begin(): boolean {
    const head = takeHead(pending);
    if (head === undefined) {
      if (pending.length > maxHeadBytes) throw new MalformedMessage('a head without an end');
      // A TLS hello or other binary never has a line end that one could wait for.
      if (pending[0] !== undefined && !/[!-~\r\n]/.test(String.fromCharCode(pending[0])))
        throw new MalformedMessage('not HTTP');
      return false;
    }
    const line = /^(\S+) (.+) (HTTP\/\d+(?:\.\d+)?)$/s.exec(head.startLine);
    if (line === null) throw new MalformedMessage(`a request line of ${JSON.stringify(head.startLine)}`);
    const [, method = '', target = '', version = ''] = line;
    const { framing, departures } = framingOf(head.headers);
    const reader = bodyReader(framing);
    const pieces: Buffer[] = [];
    let complete = false;
    const request: RecordedRequest = {
      method,
      target,
      version,
      headers: head.headers,
      get body() {
        return Buffer.concat(pieces);
      },
      get complete() {
        return complete;
      },
      trailers: reader.trailers,
      get departures() {
        return [...new Set([...head.departures, ...departures, ...reader.departures])];
      },
      connection: events.connection(),
    };
    current = { request, pieces, reader, finish: () => (complete = true) };
    pending = pending.subarray(head.end);
    events.request(request);
    return true;
  }

  /** Returns whether there may be more to read. */
  function step(): boolean {
    if (current === undefined && !begin()) return false;
    if (current === undefined) return false;
    const { rest, done } = current.reader.take(pending, current.pieces);
    pending = rest;
    if (!done) return false;
    current.finish();
    events.complete(current.request);
    current = undefined;
    message = [pending];
    return pending.length > 0;
  }

  return {
    push(bytes) {
      if (failed) return;
      message.push(bytes);
      pending = pending.length > 0 ? Buffer.concat([pending, bytes]) : bytes;
      try {
        while (step());
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
        fail(error.message);
      }
    },
    end() {
      if (failed) return;
      if (current !== undefined) fail('the connection ended within a body');
      else if (/[^\r\n]/.test(pending.toString('latin1'))) fail('the connection ended within a head');
    },
  };
}
