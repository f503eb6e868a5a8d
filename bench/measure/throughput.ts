import type { LoadGenerator } from '../load/load-generator.ts';
import type { LoadResult } from '../load/messages.ts';
import { pairedRatio, percentile, summarise, type Summary } from '../statistics.ts';
import type { Variant } from './variants.ts';

/** A request that a client of the gateway makes. */
export interface Workload {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Ollama's own path. */
  readonly path: string;
  readonly body: string;
}

/** A short review: an inference route, so that every part of the policy works on it. */
export const inference: Workload = {
  name: 'POST /api/generate',
  method: 'POST',
  path: '/api/generate',
  body: JSON.stringify({
    model: 'qwen2.5-coder:7b',
    prompt: `Review this diff:\n${'-  for (let i = 0; i <= n; i++)\n+  for (let i = 0; i < n; i++)\n'.repeat(4)}`,
    stream: false,
  }),
};

export const reading: Workload = { name: 'GET /api/tags', method: 'GET', path: '/api/tags', body: '' };

export interface Rounds {
  readonly rounds: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** What a variant showed over all rounds. */
export interface Throughput {
  readonly variant: string;
  readonly workload: string;
  readonly rounds: readonly LoadResult[];
  readonly requestsPerSecond: Summary;
  readonly p50Ms: Summary;
  readonly p99Ms: Summary;
  /** CPU time of the server for one request, in microseconds; undefined where there is no server in between. */
  readonly cpuMicroseconds: Summary | undefined;
  /** The share of a processor that the server and the load generator used: who was the bottleneck. */
  readonly serverBusy: number;
  readonly generatorBusy: number;
}

/**
 * Measures every variant in turns (A B C A B C …), so that what disturbs the machine for a while disturbs all of
 * them. Each window has new connections, and what is measured begins after the warm-up: no handshake is in it.
 */
export async function measureThroughput(
  generator: LoadGenerator,
  variants: readonly Variant[],
  workload: Workload,
  { rounds, connections, warmUpMs, durationMs }: Rounds,
): Promise<Throughput[]> {
  const results = new Map(variants.map(({ name }) => [name, [] as LoadResult[]]));
  for (let round = 0; round < rounds; round++) {
    for (const variant of variants) {
      const result = await generator.run({
        port: variant.port,
        tls: variant.tls,
        connections,
        warmUpMs,
        durationMs,
        request: requestText(variant, workload),
        servers: variant.servers(),
      });
      results.get(variant.name)?.push(result);
    }
  }
  return variants.map(({ name, servers }) => {
    const windows = results.get(name) ?? [];
    const total = (of: (window: LoadResult) => number): number =>
      windows.reduce((sum, window) => sum + of(window), 0);
    const seconds = total((window) => window.seconds);
    return {
      variant: name,
      workload: workload.name,
      rounds: windows,
      requestsPerSecond: summarise(windows.map(requestRate)),
      p50Ms: summarise(windows.map((window) => window.p50Ms)),
      p99Ms: summarise(windows.map((window) => window.p99Ms)),
      cpuMicroseconds: servers().length === 0 ? undefined : summarise(windows.map(cpuPerRequest)),
      serverBusy: total((window) => window.serverCpuSeconds) / seconds,
      generatorBusy: total((window) => window.generatorCpuSeconds) / seconds,
    };
  });
}

/** How two variants compare, round by round; above 1 the first is better. */
export interface Comparison {
  /** Requests per second of the first over those of the second. */
  readonly rate: Summary;
  /** CPU time per request of the second over that of the first: the ratio of rates if the server is the bottleneck. */
  readonly cpu: Summary | undefined;
  /** The same of each one's best tenth of the rounds: what other programs do on the machine only adds time. */
  readonly bestCpu: number | undefined;
}

export function compare(first: Throughput, second: Throughput): Comparison {
  const series = (of: (window: LoadResult) => number) =>
    [first.rounds.map(of), second.rounds.map(of)] as const;
  const [rate, otherRate] = series(requestRate);
  const [cpu, otherCpu] = series(cpuPerRequest);
  const comparable = first.cpuMicroseconds !== undefined && second.cpuMicroseconds !== undefined;
  return {
    rate: pairedRatio(rate, otherRate),
    cpu: comparable ? pairedRatio(otherCpu, cpu) : undefined,
    bestCpu: comparable ? percentile(otherCpu, 0.1) / percentile(cpu, 0.1) : undefined,
  };
}

function requestRate(window: LoadResult): number {
  return window.requests / window.seconds;
}

function cpuPerRequest(window: LoadResult): number {
  return (window.serverCpuSeconds / window.requests) * 1e6;
}

/** The request as bytes on the wire. */
export function requestText({ prefix }: Pick<Variant, 'prefix'>, { method, path, body }: Workload): string {
  const lines = [
    `${method} ${prefix}${path} HTTP/1.1`,
    'Host: gateway.bench',
    'User-Agent: hardening-bench',
    'Accept: application/json',
    ...(method === 'POST'
      ? ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]
      : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
