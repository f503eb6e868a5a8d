import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HeaderList } from './http-bytes.ts';

/** What an upstream answers. Everything may be left out. */
export interface ScriptedReply {
  /** Default 200. */
  readonly status?: number;
  /** The reason phrase; default `Scripted`. */
  readonly reason?: string;
  /** Sent in this order and case, nothing checked. Default: Content-Type application/json. Framing is added. */
  readonly headers?: HeaderList;
  /**
   * Text or bytes go out whole, with a Content-Length; a (generator of) pieces goes out one by one as chunks, when
   * each comes. Default `{}`; none with a status of 1xx, 204 or 304.
   */
  readonly body?: string | Buffer | Iterable<string | Buffer> | AsyncIterable<string | Buffer>;
  /** Sent verbatim in place of a status line, headers and body. */
  readonly raw?: string | Buffer;
  /**
   * What happens when all is sent: `keep-alive` (default), `close`, or `reset` (RST). With `close` and `reset`,
   * pieces are not framed and end with the connection.
   */
  readonly connection?: 'keep-alive' | 'close' | 'reset';
  /** Sends only this many bytes of the reply, then does what `connection` says: an upstream that dies in mid reply. */
  readonly cutAfterBytes?: number;
}

/** Node 20 turns a reset right after a write into a plain end (seen on Linux); after 10 ms it is a true RST. */
const resetPauseMs = 10;

/** Sends a reply. Returns early, without an error, when the peer is gone. */
export async function sendReply(
  socket: Socket,
  reply: ScriptedReply,
  request: { readonly method: string },
): Promise<void> {
  const write = limitedWriter(socket, reply.cutAfterBytes ?? Infinity);
  const status = reply.status ?? 200;
  const bodiless = status < 200 || status === 204 || status === 304;
  const body = reply.body ?? (bodiless ? '' : '{}');
  if (reply.raw !== undefined) {
    await write(reply.raw);
  } else {
    const whole = typeof body === 'string' || Buffer.isBuffer(body);
    const ending = reply.connection === 'close' || reply.connection === 'reset';
    const lines = [
      `HTTP/1.1 ${status} ${reply.reason ?? 'Scripted'}`,
      ...(reply.headers ?? [['Content-Type', 'application/json'] as const]).map(([k, v]) => `${k}: ${v}`),
    ];
    if (!bodiless && whole) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    if (!whole && !ending) lines.push('Transfer-Encoding: chunked');
    if (ending) lines.push('Connection: close');
    await write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
    if (request.method === 'HEAD') {
      // A reply to HEAD has the fields of the reply to GET, and no body.
    } else if (whole) {
      await write(body);
    } else {
      for await (const piece of body) {
        if (socket.destroyed) break;
        const bytes = Buffer.from(piece);
        await write(
          ending
            ? bytes
            : Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]),
        );
      }
      if (!ending) await write('0\r\n\r\n');
    }
  }
  if (reply.connection === 'close') socket.end();
  if (reply.connection === 'reset') {
    await delay(resetPauseMs);
    socket.resetAndDestroy();
  }
}

function limitedWriter(socket: Socket, limit: number): (data: string | Buffer) => Promise<void> {
  let left = limit;
  return async (data) => {
    const bytes = Buffer.from(data).subarray(0, left);
    left -= bytes.length;
    if (bytes.length === 0 || socket.destroyed || !socket.writable) return;
    if (!socket.write(bytes)) await drained(socket);
  };
}

/** Waits until the socket takes more, or is closed. Not once(): that rejects when the peer resets. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
