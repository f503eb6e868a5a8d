import { createSecureContext } from 'node:tls';
import { percentile } from '../statistics.ts';
import { openConnection, type Connection } from './connection.ts';
import { cpuSeconds } from './cpu-time.ts';
import type { LoadAnswer, LoadOrder, LoadResult } from './messages.ts';

/**
 * The load generator, a process of its own: each message is an order, answered by what the window showed. It ends
 * when the bench does.
 */
process.on('disconnect', () => process.exit(0));
process.on('message', (order: LoadOrder) => {
  load(order).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ failure: error instanceof Error ? error.message : String(error) }),
  );
});

function answer(message: LoadAnswer): void {
  process.send?.(message);
}

async function load(order: LoadOrder): Promise<LoadResult> {
  const request = Buffer.from(order.request, 'latin1');
  const tls = order.tls && {
    serverName: order.tls.serverName,
    secureContext: createSecureContext(order.tls),
  };
  const connections = new Set<Connection>();
  const latencies: number[] = [];
  let measuring = false;
  let ended = false;
  let reconnects = 0;
  let fail: (error: Error) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => (fail = reject));

  const open = async (): Promise<Connection> => {
    const connection: Connection = await openConnection({
      port: order.port,
      tls,
      request,
      answered: (latencyMs) => {
        if (measuring) latencies.push(latencyMs);
        return !ended;
      },
      closed: () => {
        connections.delete(connection);
        if (ended) return;
        reconnects++;
        open().then((next) => next.start(), fail);
      },
      failed: fail,
    });
    connections.add(connection);
    return connection;
  };

  try {
    const opened = Promise.all(Array.from({ length: order.connections }, open));
    for (const connection of await Promise.race([opened, failure])) connection.start();
    await Promise.race([pause(order.warmUpMs), failure]);
    const before = readings(order.servers);
    measuring = true;
    await Promise.race([pause(order.durationMs), failure]);
    measuring = false;
    const after = readings(order.servers);
    return {
      requests: latencies.length,
      seconds: after.seconds - before.seconds,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      serverCpuSeconds: after.servers - before.servers,
      generatorCpuSeconds: after.generator - before.generator,
      reconnects,
    };
  } finally {
    ended = true;
    for (const connection of connections) connection.end();
  }
}

function readings(servers: readonly number[]): { seconds: number; servers: number; generator: number } {
  const { user, system } = process.cpuUsage();
  return {
    seconds: performance.now() / 1_000,
    servers: servers.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    generator: (user + system) / 1e6,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
