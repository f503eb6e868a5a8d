/** What the bench asks of its load generator: one window of load on one server. */
export interface LoadOrder {
  readonly port: number;
  /** PEM texts; undefined for plain HTTP. */
  readonly tls: ClientTls | undefined;
  /** Each carries one request at a time. */
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** The whole request, headers and body. */
  readonly request: string;
  /** The processes whose CPU time is read at both ends of the window. */
  readonly servers: readonly number[];
}

export interface ClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly serverName: string;
}

/** What one window of load showed. Every request in it was answered with 200. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the servers in the window. */
  readonly serverCpuSeconds: number;
  /** CPU time of the load generator itself in the window. */
  readonly generatorCpuSeconds: number;
  /** Connections that the server closed in order, and that were opened anew. */
  readonly reconnects: number;
}

export type LoadAnswer = { readonly result: LoadResult } | { readonly failure: string };
