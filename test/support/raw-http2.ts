import { openByteStream, type RawTarget } from './byte-stream.ts';
import { errorCodes } from './http2-client.ts';
import type { HeaderList } from './http-bytes.ts';

/** One HTTP/2 frame (RFC 9113, 4.1). */
export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** What came back on one stream. */
export interface RawHttp2Answer {
  /** 0 when no response came. */
  readonly status: number;
  readonly body: Buffer;
  /** The stream ended with END_STREAM. */
  readonly complete: boolean;
  /** The name of the code of RST_STREAM on that stream, of GOAWAY. */
  readonly reset?: string;
  readonly goaway?: string;
  readonly closed: boolean;
  readonly timedOut: boolean;
  /** All frames, for a closer look. */
  readonly frames: readonly RawFrame[];
  /** Why there is no connection. */
  readonly error?: string;
}

const FrameType = { data: 0, headers: 1, resetStream: 3, settings: 4, goAway: 7 } as const;
const endStream = 0x1;
const acknowledge = 0x1;
const endHeaders = 0x4;
const padded = 0x8;
const priority = 0x20;

/** A connection of bare frames: it keeps to no rule of HTTP/2 but that it acknowledges the peer's settings. */
export interface RawHttp2Connection {
  /** Sends a HEADERS frame with the fields as given; it ends the stream unless `open`. */
  headers(stream: number, fields: HeaderList, open?: boolean): void;
  /** Sends a DATA frame of at most 16,384 bytes (RFC 9113, 4.2); it ends the stream unless `open`. */
  data(stream: number, body: string | Buffer, open?: boolean): void;
  /** All frames that came whole, from the start. */
  readonly frames: readonly RawFrame[];
  /** Waits until `holds`, or the peer closed, and returns true; false when neither was so within `timeoutMs`. */
  until(holds: () => boolean, timeoutMs?: number): Promise<boolean>;
  readonly closed: boolean;
  readonly error: string | undefined;
  close(): void;
}

/** Opens such a connection; throws when there is none to have. */
export async function openRawHttp2(target: RawTarget): Promise<RawHttp2Connection> {
  const stream = await openByteStream(target, ['h2']);
  const send = (type: number, flags: number, id: number, payload: Buffer): void =>
    stream.write(frameBytes({ type, flags, stream: id, payload }));
  stream.write(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
  send(FrameType.settings, 0, 0, Buffer.alloc(0));
  let acknowledged = false;
  const frames = (): RawFrame[] => {
    const all = framesOf(stream.received);
    if (!acknowledged && all.some(({ type, flags }) => type === FrameType.settings && flags === 0)) {
      acknowledged = true;
      send(FrameType.settings, acknowledge, 0, Buffer.alloc(0));
    }
    return all;
  };
  return {
    headers: (id, fields, open = false) =>
      send(FrameType.headers, endHeaders | (open ? 0 : endStream), id, literalFields(fields)),
    data: (id, body, open = false) => send(FrameType.data, open ? 0 : endStream, id, Buffer.from(body)),
    get frames() {
      return frames();
    },
    until: (holds, timeoutMs = target.timeoutMs ?? 5000) => stream.until(holds, timeoutMs),
    get closed() {
      return stream.closed;
    },
    get error() {
      return stream.error;
    },
    close: () => stream.close('reset'),
  };
}

/**
 * Sends one request over HTTP/2 with headers that no library would send: in this order, doubled, in upper case, with
 * line breaks, `transfer-encoding`, pseudo headers twice or after others. Nothing is added or checked.
 */
export async function rawHttp2(
  target: RawTarget & {
    readonly headers: HeaderList;
    /** At most 16,384 bytes: it goes out as one frame (RFC 9113, 4.2). */
    readonly body?: string | Buffer;
    /** Fields after the body. */
    readonly trailers?: HeaderList;
  },
): Promise<RawHttp2Answer> {
  let connection;
  try {
    connection = await openRawHttp2(target);
  } catch (cause) {
    const error = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return { ...answerOf([]), closed: true, timedOut: false, error };
  }
  const { body, trailers } = target;
  connection.headers(1, target.headers, body !== undefined || trailers !== undefined);
  if (body !== undefined) connection.data(1, body, trailers !== undefined);
  if (trailers !== undefined) connection.headers(1, trailers);

  const inTime = await connection.until(() => {
    const { complete, reset, goaway } = answerOf(connection.frames);
    return complete || reset !== undefined || goaway !== undefined;
  });
  const { closed, error, frames } = connection;
  connection.close();
  return { ...answerOf(frames), closed, timedOut: !inTime, ...(error === undefined ? {} : { error }) };
}

/** What came on a stream, 1 unless told. */
export function answerOf(
  frames: readonly RawFrame[],
  id = 1,
): Omit<RawHttp2Answer, 'closed' | 'timedOut' | 'error'> {
  const own = frames.filter(({ stream }) => stream === id);
  const headers = own.filter(({ type }) => type === FrameType.headers);
  const statuses = headers.map((frame) => statusOf(unpadded(frame)));
  const reset = own.find(({ type }) => type === FrameType.resetStream);
  const goaway = frames.find(({ type }) => type === FrameType.goAway);
  return {
    status: statuses.find((status) => status >= 200) ?? 0,
    body: Buffer.concat(own.filter(({ type }) => type === FrameType.data).map(unpadded)),
    complete: own.some(
      ({ type, flags }) =>
        (type === FrameType.data || type === FrameType.headers) && (flags & endStream) !== 0,
    ),
    ...(reset === undefined ? {} : { reset: errorCodes[reset.payload.readUInt32BE(0)] ?? 'unknown' }),
    ...(goaway === undefined ? {} : { goaway: errorCodes[goaway.payload.readUInt32BE(4)] ?? 'unknown' }),
    frames,
  };
}

function unpadded({ flags, type, payload }: RawFrame): Buffer {
  const padding = flags & padded ? (payload[0] ?? 0) : 0;
  const start = (flags & padded ? 1 : 0) + (type === FrameType.headers && flags & priority ? 5 : 0);
  return payload.subarray(start, payload.length - padding);
}

function frameBytes({ type, flags, stream, payload }: RawFrame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function framesOf(bytes: Buffer): RawFrame[] {
  const frames: RawFrame[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}

/** HPACK: every field as a literal without indexing, with a new name and no Huffman coding (RFC 7541, 6.2.2). */
function literalFields(fields: HeaderList): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), literalString(name), literalString(value)]),
  );
}

function literalString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  // RFC 7541, 5.1: an integer with a prefix of 7 bits.
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    let left = bytes.length - 127;
    length.push(127);
    for (; left >= 128; left >>>= 7) length.push((left & 127) | 128);
    length.push(left);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** RFC 7541, appendix A, entries 8 to 14. */
const statusTable = [200, 204, 206, 304, 400, 404, 500];

/** `:status`, which comes first in a block. 0 where it does not (trailers). */
function statusOf(block: Buffer): number {
  let at = 0;
  while (((block[at] ?? 0) & 0xe0) === 0x20) at += 1; // dynamic table size updates of one byte
  const first = block[at] ?? 0;
  if (first & 0x80) return statusTable[(first & 0x7f) - 8] ?? 0;
  const name = first & 0x40 ? first & 0x3f : first & 0x0f;
  if (name < 8 || name > 14) return 0;
  const length = block[at + 1] ?? 0;
  const value = block.subarray(at + 2, at + 2 + (length & 0x7f));
  return Number(length & 0x80 ? huffmanDigits(value) : value.toString('latin1'));
}

/** RFC 7541, appendix B: 0 to 2 have five bits from 00000 on, 3 to 9 six bits from 011001 on. */
function huffmanDigits(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let digits = '';
  for (let at = 0; digits.length < 3;) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2);
    if (five <= 2) {
      digits += String(five);
      at += 5;
    } else {
      digits += String(Number.parseInt(bits.slice(at, at + 6), 2) - 0b011001 + 3);
      at += 6;
    }
  }
  return digits;
}
