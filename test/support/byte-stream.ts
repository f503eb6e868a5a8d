import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';

/** How to speak TLS. */
export interface TlsClient {
  /** PEM of the CA to verify the server with. Without it the server is not verified. */
  readonly ca?: string | Buffer;
  /** PEM of the client certificate (chain) and of its key. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name sent in SNI and verified. Without it none is sent, and `localhost` is verified. */
  readonly servername?: string;
  /** A session to resume, as `TlsFacts.session` gave it. */
  readonly session?: Buffer;
  /** Default: `http/1.1`, or `h2` for the HTTP/2 clients. */
  readonly alpn?: readonly string[];
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** Where to connect. */
export interface RawTarget {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly tls?: TlsClient;
  /** For the connection and its handshake, and for a read that gives none. Default 5000. */
  readonly timeoutMs?: number;
}

/** What the handshake agreed on. */
export interface TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** The protocol of ALPN, '' for none. */
  readonly alpn: string;
  readonly resumed: boolean;
  /** The newest session the server gave, undefined for none. With TLS 1.3 it comes after the handshake: read first. */
  readonly session: Buffer | undefined;
}

/** Bytes in and out, with bounded waits and without a throw for what the peer does. */
export interface ByteStream {
  readonly socket: Socket;
  readonly received: Buffer;
  readonly closed: boolean;
  readonly error: string | undefined;
  readonly tls: TlsFacts | undefined;
  write(bytes: Buffer): void;
  /** Waits until `holds`, or the peer closed, and returns true; false when neither was so within `timeoutMs`. */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean>;
  close(how: 'end' | 'reset'): void;
}

function tlsOptions(tls: TlsClient, alpn: readonly string[]) {
  return {
    ALPNProtocols: [...(tls.alpn ?? alpn)],
    rejectUnauthorized: tls.ca !== undefined,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.servername === undefined ? {} : { servername: tls.servername }),
    ...(tls.session === undefined ? {} : { session: tls.session }),
    ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
  };
}

/**
 * Connects, over TLS if told so, and finishes the handshake. Throws when that fails, with the error's code; ETIMEDOUT
 * when it takes too long.
 */
export async function connectSocket(target: RawTarget, alpn: readonly string[]): Promise<Socket> {
  const address = { host: target.host ?? '127.0.0.1', port: target.port };
  const socket =
    target.tls === undefined
      ? connectTcp(address)
      : connectTls({ ...address, ...tlsOptions(target.tls, alpn) });
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => socket.destroy(Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' })),
      target.timeoutMs ?? 5000,
    );
    socket.on('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(Object.assign(new Error('closed before it was open'), { code: 'ECONNRESET' }));
    });
    socket.once(target.tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return socket;
}

/** Connects as connectSocket does, and reads all that comes. */
export async function openByteStream(
  target: RawTarget,
  alpn: readonly string[] = ['http/1.1'],
): Promise<ByteStream> {
  const socket = await connectSocket(target, alpn);
  let pieces: Buffer[] = [];
  let closed = false;
  let error: string | undefined;
  let session: Buffer | undefined;
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const check of [...waiting]) check();
  };
  socket.on('data', (bytes: Buffer) => {
    pieces.push(bytes);
    changed();
  });
  socket.on('session', (newest: Buffer) => (session = newest));
  socket.on('error', (cause: NodeJS.ErrnoException) => (error ??= cause.code ?? cause.message));
  // The peer's FIN is its end: 'close' would wait for ours.
  for (const event of ['end', 'close'])
    socket.on(event, () => {
      closed = true;
      changed();
    });

  return {
    socket,
    get received() {
      const [only] = pieces;
      if (pieces.length === 1 && only !== undefined) return only;
      const all = Buffer.concat(pieces);
      pieces = [all];
      return all;
    },
    get closed() {
      return closed;
    },
    get error() {
      return error;
    },
    tls: socket instanceof TLSSocket ? tlsFacts(socket, () => session) : undefined,
    write(bytes) {
      if (socket.writable) socket.write(bytes);
    },
    until(holds, timeoutMs) {
      return new Promise((resolve) => {
        const finish = (outcome: boolean): void => {
          clearTimeout(timer);
          waiting.delete(check);
          resolve(outcome);
        };
        const check = (): void => {
          if (holds() || closed) finish(true);
        };
        const timer = setTimeout(() => finish(false), timeoutMs);
        waiting.add(check);
        check();
      });
    },
    close(how) {
      if (how === 'end') socket.end();
      else if (socket instanceof TLSSocket) socket.destroy();
      else socket.resetAndDestroy();
    },
  };
}

/** The facts of a socket whose handshake is done. */
export function tlsFacts(socket: TLSSocket, session: () => Buffer | undefined): TlsFacts {
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    alpn: socket.alpnProtocol === false ? '' : (socket.alpnProtocol ?? ''),
    resumed: socket.isSessionReused(),
    get session() {
      return session();
    },
  };
}
