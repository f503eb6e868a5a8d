import type { StackConfig } from '../config/schema.ts';
import { splitAddressAndPort } from '../config/values.ts';

/** An address and a port that a program listens on. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where nginx reaches Ollama: on an address, or behind the unix socket at an absolute path. */
export type UpstreamServer = Endpoint | { readonly socket: string };

/**
 * Where the gateway runs: everything that may differ between the machine and the sandbox. A test holds that nothing
 * outside of it does.
 */
export interface Placement {
  readonly listen: Endpoint;
  /** Undefined where the plain port stays closed. */
  readonly plainListen: Endpoint | undefined;
  readonly upstream: UpstreamServer;
  /**
   * The user that nginx changes its workers to. Undefined where nginx is started as the user that it keeps: by systemd
   * on the machine, by an ordinary user in the sandbox.
   */
  readonly workerUser: { readonly name: string; readonly group: string } | undefined;
  /** The number of workers where it is not the configuration's. */
  readonly workerProcesses: 'auto' | number;
  readonly paths: GatewayPaths;
}

/** Absolute paths of the gateway's files. */
export interface GatewayPaths {
  /** Process id and temporary files. On tmpfs, so that a request body never reaches a disk. */
  readonly runtimeDirectory: string;
  readonly logDirectory: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  /** The CA whose client certificates are accepted. */
  readonly clientCa: string;
  /** The CRLs of those CAs, one each. Undefined: certificates are refused by the list of identities alone. */
  readonly clientCrl: string | undefined;
}

/** The paths on a machine: fixed, so that units, drop-ins and a reader at night know them. */
export const machinePaths: GatewayPaths = {
  runtimeDirectory: '/run/hardening-gateway',
  logDirectory: '/var/log/hardening-gateway',
  serverCertificate: '/etc/hardening/gateway/tls/server.crt',
  serverKey: '/etc/hardening/gateway/tls/server.key',
  clientCa: '/etc/hardening/gateway/tls/ca.crt',
  clientCrl: '/etc/hardening/gateway/tls/ca.crl',
};

/** The socket in front of an Ollama that is alone in its network namespace; only nginx's user may open it. */
export const ollamaSocket = '/run/hardening-ollama/ollama.sock';

/** The placement on a machine, as the configuration says. */
export function machinePlacement(stack: StackConfig): Placement {
  const { gateway } = stack;
  return {
    listen: { address: gateway.listenAddress, port: gateway.listenPort },
    plainListen:
      gateway.plainListenPort === false
        ? undefined
        : { address: gateway.listenAddress, port: gateway.plainListenPort },
    upstream:
      stack.ollama.isolation === 'namespace' ? { socket: ollamaSocket } : upstreamOf(stack.ollama.host),
    workerUser: undefined,
    workerProcesses: gateway.workerProcesses,
    paths: machinePaths,
  };
}

/** Where nginx reaches an Ollama that listens on `host`; a listener on every address is reached over loopback. */
export function upstreamOf(host: string): Endpoint {
  const endpoint = splitAddressAndPort(host);
  if (endpoint === undefined) throw new RangeError('ollama.host was not checked');
  if (endpoint.address === '0.0.0.0') return { ...endpoint, address: '127.0.0.1' };
  return /^[0:]+$/.test(endpoint.address) ? { ...endpoint, address: '::1' } : endpoint;
}
