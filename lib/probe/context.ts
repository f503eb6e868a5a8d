import type { Agent } from 'node:https';
import { sendRequest, type HttpOutcome } from './http.ts';
import { hostHeader, type PortScan } from './scan.ts';
import { clientHello, type ClientHelloOptions } from './client-hello.ts';
import { parseServerAnswer, type ServerAnswer } from './server-answer.ts';
import type { Identity, Target } from './target.ts';
import { connectTcp, exchange } from './tcp.ts';

/** One request of a check. */
export interface Ask {
  /** Default: the gateway's TLS port. */
  readonly port?: number;
  /** Default: true. */
  readonly tls?: boolean;
  /** Default: GET. */
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  /** Default: no client certificate. */
  readonly identity?: Identity | undefined;
  /** Default: the target's server name, with the port unless it is the scheme's own. */
  readonly hostHeader?: string;
  /** Name for SNI. Default: the target's server name. */
  readonly serverName?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
  readonly onData?: (chunk: Buffer) => void;
  /** Time-out in milliseconds instead of the target's, for an answer that may take longer. */
  readonly timeoutMs?: number;
}

/** How many connections a probe holds at once after its scan: a gateway may count them per address. */
const concurrentConnections = 8;

/** What every check is given: the target, what the scan found, and the ways to ask. */
export interface ProbeContext {
  readonly target: Target;
  readonly scans: readonly PortScan[];
  /** The scan of the gateway's TLS port. */
  readonly gateway: PortScan;
  /** The scan of the gateway's plain port, where it has one. */
  readonly plain: PortScan | undefined;
  /** A signal that aborts at the step's time-out or the whole probe's deadline, whichever is first. */
  readonly step: (timeoutMs?: number) => AbortSignal;
  /** Runs an exchange when one of the connections is free. */
  readonly limited: <T>(exchange: () => Promise<T>) => Promise<T>;
  readonly ask: (ask: Ask) => Promise<HttpOutcome>;
  /** Sends a ClientHello of our own to the gateway's TLS port. */
  readonly hello: (options: ClientHelloOptions) => Promise<ServerAnswer>;
  /** Remembers what several checks want to know, so that it is asked once. */
  readonly once: <T>(name: string, make: () => Promise<T>) => Promise<T>;
}

/** Returns a function that runs at most `limit` tasks at once, the rest in their order. */
export function limiter(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** Puts a context together. */
export function makeContext(
  target: Target,
  scans: readonly PortScan[],
  step: (timeoutMs?: number) => AbortSignal,
): ProbeContext {
  const memory = new Map<string, Promise<unknown>>();
  const limited = limiter(concurrentConnections);
  const scanOf = (port: number): PortScan => {
    const found = scans.find((scan) => scan.report.port === port);
    if (found === undefined) throw new Error(`port ${port} was not scanned`);
    return found;
  };
  const ask = (to: Ask): Promise<HttpOutcome> => {
    const port = to.port ?? target.gatewayPort;
    const tls = to.tls ?? true;
    return limited(() =>
      sendRequest({
        address: target.address,
        port,
        tls,
        serverName: to.serverName ?? target.serverName,
        method: to.method ?? 'GET',
        path: to.path,
        hostHeader: to.hostHeader ?? hostHeader(target, port, tls),
        identity: to.identity,
        signal: step(to.timeoutMs),
        ...(to.body === undefined ? {} : { body: to.body }),
        ...(to.headers === undefined ? {} : { headers: to.headers }),
        ...(to.agent === undefined ? {} : { agent: to.agent }),
        ...(to.onData === undefined ? {} : { onData: to.onData }),
      }),
    );
  };
  const hello = (options: ClientHelloOptions): Promise<ServerAnswer> =>
    limited(async () => {
      const signal = step();
      const connection = await connectTcp(target.address, target.gatewayPort, signal);
      if (connection.state !== 'open') return { kind: 'incomplete' };
      const enough = (bytes: Buffer): boolean => parseServerAnswer(bytes).kind !== 'incomplete';
      const record = clientHello({ serverName: target.serverName, ...options });
      const answer = await exchange(connection.socket, record, enough, signal);
      const parsed = parseServerAnswer(answer.bytes);
      return parsed.kind === 'incomplete' && answer.end === 'closed' ? { kind: 'closed' } : parsed;
    });
  const once = <T>(name: string, make: () => Promise<T>): Promise<T> => {
    const known = memory.get(name) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const made = make();
    memory.set(name, made);
    return made;
  };
  return {
    target,
    scans,
    gateway: scanOf(target.gatewayPort),
    plain: target.plainPort === null ? undefined : scanOf(target.plainPort),
    step,
    limited,
    ask,
    hello,
    once,
  };
}
