import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';

const endOfHeaders = Buffer.from('\r\n\r\n');
const ok = 'HTTP/1.1 200 ';

/** Where a connection leads and what it is to do with answers. */
export interface ConnectionOptions {
  readonly port: number;
  /** Undefined for plain HTTP. */
  readonly tls: { readonly serverName: string; readonly secureContext: SecureContext } | undefined;
  readonly request: Buffer;
  /** An answer has come whole; returns whether to send the next request. */
  readonly answered: (latencyMs: number) => boolean;
  /** The server closed the connection in order, between two requests. */
  readonly closed: () => void;
  readonly failed: (error: Error) => void;
}

export interface Connection {
  /** Sends the first request; the others follow from the answers. */
  start(): void;
  end(): void;
}

/**
 * Opens a connection that carries one request at a time. It reads just enough of an answer to know that it is a 200
 * and where it ends (Content-Length, in the form that nginx, HAProxy and the upstream write it), so that it costs
 * little beside the server.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { request, answered } = options;
  let sentAt = 0;
  let ending = false;
  let closing = false;
  let pending: Buffer | undefined;

  const send = (): void => {
    sentAt = performance.now();
    socket.write(request);
  };
  const read = (length: number, buffer: Uint8Array): boolean => {
    const piece = Buffer.from(buffer.buffer, buffer.byteOffset, length);
    const bytes = pending === undefined ? piece : Buffer.concat([pending, piece]);
    const end = lengthOfAnswer(bytes);
    if (end === undefined || bytes.length < end) {
      pending = Buffer.from(bytes);
      return true;
    }
    pending = undefined;
    const text = bytes.toString('latin1', 0, Math.min(end, 1_024));
    if (!text.startsWith(ok) || bytes.length > end) {
      options.failed(new Error(`the server answered ${JSON.stringify(text.slice(0, 300))}`));
      return true;
    }
    closing = /\r\nconnection: close\r\n/i.test(text);
    if (answered(performance.now() - sentAt) && !closing) send();
    return true;
  };

  const onread = { buffer: Buffer.alloc(65_536), callback: read };
  const socket = await opened(options, onread);
  socket.on('error', options.failed);
  socket.on('close', () => {
    if (ending) return;
    if (closing) options.closed();
    else options.failed(new Error('the server closed a connection in the middle'));
  });
  return {
    start: send,
    end: () => {
      ending = true;
      socket.destroy();
    },
  };
}

/** The length of the answer at the start of `bytes`; undefined while its headers are not whole. */
function lengthOfAnswer(bytes: Buffer): number | undefined {
  const headerEnd = bytes.indexOf(endOfHeaders);
  if (headerEnd < 0) return undefined;
  const match = /\r\ncontent-length: (\d+)\r\n/i.exec(bytes.toString('latin1', 0, headerEnd + 2));
  if (match === null) throw new Error('the server answered without Content-Length');
  return headerEnd + endOfHeaders.length + Number(match[1]);
}

async function opened(
  { port, tls }: ConnectionOptions,
  onread: { buffer: Buffer; callback: (length: number, buffer: Uint8Array) => boolean },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const host = '127.0.0.1';
    const socket: Socket =
      tls === undefined
        ? connectPlain({ host, port, onread, noDelay: true }, () => resolve(socket))
        : connectTls(
            // Its types lack onread, which it passes on (Node's lib/_tls_wrap.js).
            { host, port, onread, servername: tls.serverName, secureContext: tls.secureContext } as object,
            () => resolve(socket),
          );
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}
