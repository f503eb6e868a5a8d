/** A client certificate and its key, PEM, as read from files. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** The options of a probe with every default filled in, files read and the name resolved. */
export interface Target {
  readonly host: string;
  readonly address: string;
  /** Other addresses of the same name; they are told, not probed. */
  readonly otherAddresses: readonly string[];
  readonly serverName: string;
  readonly gatewayPort: number;
  /** Null for a gateway without one. */
  readonly plainPort: number | null;
  readonly onlyGateway: boolean;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly ca?: string;
  readonly identity?: Identity;
  readonly keyFile?: string;
  readonly model?: string;
  readonly acknowledged: Readonly<Record<string, string>>;
}
