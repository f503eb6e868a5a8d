import type { StackConfig } from '../../config/schema.ts';
import { ollamaSocket, upstreamOf, type Endpoint } from '../placement.ts';

/** The way from the gateway into Ollama's network namespace: systemd-socket-proxyd behind a unix socket. */
export interface SocketProxy {
  /** The socket, an absolute path. */
  readonly socket: string;
  /** Where Ollama listens in its namespace. */
  readonly upstream: Endpoint;
  readonly connectionsMax: number;
  /** LimitNOFILE. */
  readonly openFiles: number;
}

/** Decides the proxy; undefined where Ollama is reached over loopback. */
export function socketProxy({ gateway, ollama }: StackConfig): SocketProxy | undefined {
  if (ollama.isolation !== 'namespace') return undefined;
  return {
    socket: ollamaSocket,
    upstream: upstreamOf(ollama.host),
    // nginx bounds the connections first; the proxy's own limit would only close them without an answer.
    connectionsMax: gateway.workerConnections,
    // Two sockets for each connection and a pipe with two ends for each direction, and a few of its own.
    openFiles: 6 * gateway.workerConnections + 64,
  };
}
