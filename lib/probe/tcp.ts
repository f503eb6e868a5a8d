import { connect, type Socket } from 'node:net';
import type { PortState } from './types.ts';

/** How much is read from one answer, in bytes. A server that sends more is cut off. */
export const maxReadBytes = 64 * 1024;

/** The outcome of opening a TCP connection. */
export type Connection =
  | { readonly state: 'open'; readonly socket: Socket }
  | { readonly state: Exclude<PortState, 'open'>; readonly reason: string };

/**
 * Opens a TCP connection. A reset is `closed`; a time-out and an ICMP error are `filtered`, as nmap names them, because
 * neither says whether something listens. The caller destroys the socket.
 */
export function connectTcp(address: string, port: number, signal: AbortSignal): Promise<Connection> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const onAbort = (): void => {
      socket.destroy();
      resolve({ state: 'filtered', reason: 'no answer in time' });
    };
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve({ state: 'open', socket });
    });
    // Stays for the socket's life: a late error without a listener would end the process.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onAbort);
      const code = error.code ?? 'error';
      resolve(
        code === 'ECONNREFUSED' || code === 'ECONNRESET'
          ? { state: 'closed', reason: 'refused' }
          : { state: 'filtered', reason: code },
      );
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** What came over a connection after something was sent. */
export interface RawAnswer {
  readonly bytes: Buffer;
  /** `done`: the reader had enough. `limit`: more than 64 KiB came. */
  readonly end: 'done' | 'closed' | 'timeout' | 'limit';
}

/**
 * Sends `request` and reads until `enough` says so, the other side closes, the signal aborts or 64 KiB came. Destroys
 * the socket.
 */
export function exchange(
  socket: Socket,
  request: Uint8Array,
  enough: (bytes: Buffer) => boolean,
  signal: AbortSignal,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (end: RawAnswer['end']): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve({ bytes: Buffer.concat(chunks).subarray(0, maxReadBytes), end });
    };
    const onAbort = (): void => finish('timeout');
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxReadBytes) finish('limit');
      else if (enough(Buffer.concat(chunks))) finish('done');
    });
    socket.on('error', () => finish('closed'));
    socket.on('close', () => finish('closed'));
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.write(request);
  });
}
