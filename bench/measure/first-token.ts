import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { median, percentile } from '../statistics.ts';
import type { StreamingUpstream } from './streaming-upstream.ts';
import type { Variant } from './variants.ts';

/** How streams reach a client by one way. */
export interface FirstToken {
  readonly variant: string;
  readonly streams: number;
  /** From the upstream's write of the first token to its arrival, in milliseconds. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** The share of tokens that came no earlier than the next one was sent: 0 in a stream that flows. */
  readonly bunched: number;
}

/**
 * Reads streams by every way in turns, each on a kept connection, and compares when each token came with when the
 * upstream sent it. Both are in this process, so one clock tells both.
 */
export async function measureFirstToken(
  upstream: StreamingUpstream,
  variants: readonly Variant[],
  tokens: number,
  streams: number,
): Promise<FirstToken[]> {
  const readers = await Promise.all(
    variants.map(async (variant) => ({
      variant,
      socket: await connectTo(variant),
      delays: [] as number[],
      bunched: 0,
    })),
  );
  try {
    // The first stream of each also opens the connection to the upstream: it is not counted.
    for (let stream = -1; stream < streams; stream++) {
      for (const reader of readers) {
        const arrivedAt = await readStream(reader.socket, reader.variant, tokens);
        const { sentAt } = upstream;
        if (stream < 0) continue;
        reader.delays.push((arrivedAt[0] ?? NaN) - (sentAt[0] ?? NaN));
        reader.bunched += arrivedAt.filter((time, index) => time >= (sentAt[index + 1] ?? Infinity)).length;
      }
    }
    return readers.map(({ variant, delays, bunched }) => ({
      variant: variant.name,
      streams,
      medianMs: median(delays),
      p99Ms: percentile(delays, 0.99),
      bunched: bunched / (streams * (tokens - 1)),
    }));
  } finally {
    for (const { socket } of readers) socket.destroy();
  }
}

async function connectTo({ port, tls }: Variant): Promise<Socket> {
  const host = '127.0.0.1';
  return new Promise((resolve, reject) => {
    const socket: Socket =
      tls === undefined
        ? connectPlain({ host, port }, () => resolve(socket))
        : connectTls({ host, port, ...tls, servername: tls.serverName }, () => resolve(socket));
    socket.setNoDelay(true).once('error', reject);
  });
}

/** Sends a request and returns when each token came. */
async function readStream(socket: Socket, { prefix }: Variant, tokens: number): Promise<number[]> {
  const body = JSON.stringify({ model: 'qwen2.5-coder:7b', prompt: 'Review this diff.' });
  const arrivedAt: number[] = [];
  let text = '';
  return new Promise((resolve, reject) => {
    const failed = (error?: Error): void =>
      reject(error ?? new Error(`a stream ended early: ${text.slice(0, 300)}`));
    const read = (piece: Buffer): void => {
      const now = performance.now();
      text += piece.toString('latin1');
      while (arrivedAt.length < tokens && text.includes(`"n":${arrivedAt.length},`)) arrivedAt.push(now);
      if (!text.endsWith('\r\n0\r\n\r\n')) return;
      socket.off('data', read).off('error', failed).off('close', failed);
      if (arrivedAt.length === tokens) resolve(arrivedAt);
      else reject(new Error(`a stream lost tokens: ${text.slice(0, 300)}`));
    };
    socket.on('data', read).once('error', failed).once('close', failed);
    socket.write(
      `POST ${prefix}/api/generate HTTP/1.1\r\nHost: gateway.bench\r\nAccept: application/x-ndjson\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
}
