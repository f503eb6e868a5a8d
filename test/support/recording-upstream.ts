import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { requestReader, type MalformedRequest, type RecordedRequest } from './recorded-request.ts';
import { sendReply, type ScriptedReply } from './scripted-reply.ts';

export type { MalformedRequest, RecordedRequest } from './recorded-request.ts';
export type { ScriptedReply } from './scripted-reply.ts';

/** Answers one request, called when its last byte has come. Undefined stands for the default reply. */
export type ReplyHandler = (
  request: RecordedRequest,
) => ScriptedReply | undefined | Promise<ScriptedReply | undefined>;

/**
 * An HTTP/1.1 upstream over bare TCP that keeps every byte it is sent. It reads requests leniently, so that what a
 * strict server would drop is seen, and says in `departures` and `malformed` what a strict server would refuse.
 */
export interface RecordingUpstream {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** What came and was no whole request. A test that expects only good requests must assert this is empty too. */
  readonly malformed: readonly MalformedRequest[];
  /** Every byte of every connection, in order of arrival; a connection without a byte is an empty buffer. */
  readonly connections: readonly Buffer[];
  /** Bytes over all connections: 0 is the whole proof that nothing was forwarded. */
  readonly bytesReceived: number;
  /**
   * Forgets records and scripts. Connections stay open; one of them is listed again, under a new number, at its
   * next byte.
   */
  reset(): void;
  /** Answers every request, or only those whose target's path (without query) is `path`; the latest script wins. */
  respond(handler: ReplyHandler | ScriptedReply): void;
  respond(path: string, handler: ReplyHandler | ScriptedReply): void;
  /**
   * Waits until no byte came for `quietMs` (default 50). Throws when bytes still come after `limitMs` (default
   * 5000).
   */
  settle(quietMs?: number, limitMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts an upstream on a free port of 127.0.0.1; by default it answers 200 with the JSON `{}` and keep-alive. */
export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  const sockets = new Set<Socket>();
  let records = emptyRecords();
  let scripts: { path: string | undefined; handler: ReplyHandler }[] = [];
  let lastByte = performance.now();

  function replyTo(request: RecordedRequest): ReturnType<ReplyHandler> {
    const path = request.target.split('?', 1)[0];
    return scripts.find((script) => script.path === undefined || script.path === path)?.handler(request);
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    let home = records;
    let number = home.connections.push([]) - 1;
    const listed = (): number => {
      if (home !== records) {
        home = records;
        number = home.connections.push([]) - 1;
      }
      return number;
    };
    let turn: Promise<void> = Promise.resolve();
    let tunnel = false;
    const reader = requestReader({
      connection: listed,
      request: (request) => records.requests.push(request),
      complete: (request) => {
        // One after the other: replies to pipelined requests keep their order.
        turn = turn.then(async () => {
          const reply = (await replyTo(request)) ?? {};
          if (reply.status === 101) tunnel = true;
          await sendReply(socket, reply, request);
        });
        turn.catch((error: unknown) => {
          records.failures.push(error);
          socket.destroy();
        });
      },
      malformed: (bytes, reason) => {
        records.malformed.push({ malformed: bytes, reason, connection: listed() });
        turn = turn.then(() => {
          if (socket.writable)
            socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        });
      },
    });
    socket.on('data', (bytes) => {
      lastByte = performance.now();
      listed();
      home.connections[number]?.push(bytes);
      if (!tunnel) reader.push(bytes);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      if (!tunnel) reader.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get requests() {
      return records.requests;
    },
    get malformed() {
      return records.malformed;
    },
    get connections() {
      return records.connections.map((pieces) => Buffer.concat(pieces));
    },
    get bytesReceived() {
      return records.connections.flat().reduce((sum, piece) => sum + piece.length, 0);
    },
    reset() {
      records = emptyRecords();
      scripts = [];
    },
    respond(first: string | ReplyHandler | ScriptedReply, second?: ReplyHandler | ScriptedReply): void {
      const path = typeof first === 'string' ? first : undefined;
      const script = typeof first === 'string' ? second : first;
      if (script === undefined) throw new Error('respond(path) needs a handler or a reply');
      scripts.unshift({ path, handler: typeof script === 'function' ? script : () => script });
    },
    async settle(quietMs = 50, limitMs = 5000) {
      const start = performance.now();
      // What is on its way in the kernel counts: the quiet time begins now at the earliest.
      while (performance.now() - Math.max(lastByte, start) < quietMs) {
        if (performance.now() - start > limitMs) throw new Error(`bytes still come after ${limitMs} ms`);
        await delay(5);
      }
      if (records.failures.length > 0) throw new AggregateError(records.failures, 'a scripted reply failed');
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Records {
  readonly requests: RecordedRequest[];
  readonly malformed: MalformedRequest[];
  readonly connections: Buffer[][];
  readonly failures: unknown[];
}

function emptyRecords(): Records {
  return { requests: [], malformed: [], connections: [], failures: [] };
}
