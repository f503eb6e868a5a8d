import { isIP } from 'node:net';
import * as z from 'zod';
import { unixUser } from '../config/values.ts';
import type { Deployment, GatewayRoute, RequestLimits } from '../model/deployment.ts';
import type { Endpoint, UpstreamServer } from '../model/placement.ts';
import type { Identity } from '../pki/identity.ts';

/** Where a forwarder is to listen on its host, and for whom. */
export const forwarderListen = z.discriminatedUnion('kind', [
  /** A TCP port of 127.0.0.1, for these users of the host and root. */
  z.strictObject({ kind: z.literal('loopback'), port: z.int(), users: z.array(unixUser) }),
  /** A unix socket, for the members of a group of the host. */
  z.strictObject({ kind: z.literal('socket'), group: unixUser }),
]);
export type ForwarderListen = z.infer<typeof forwarderListen>;

/** What `hardening bundle` is told of a forwarder. */
export interface ForwarderWish {
  readonly identity: Identity;
  readonly listen: ForwarderListen;
  /** The host name or address to connect to; the gateway's first name unless given. */
  readonly address?: string | undefined;
  /** Whether the service's host keeps the key, so that the bundle has none. */
  readonly keyIsBeside: boolean;
}

/** Every decision about a forwarder, as plain data. Templates print it and decide nothing. */
export interface Forwarder {
  readonly stack: string;
  readonly service: string;
  readonly generation: number;
  /** Names the folder of this version: a hash over all that is in it but the key. */
  readonly version: string;
  /** Where a version is, on a host and in a container. */
  readonly folder: string;
  readonly gateway: {
    /** In SNI, in the certificate and as Host. */
    readonly name: string;
    readonly connect: Endpoint;
    /** Whether that is an IP address; a name otherwise. */
    readonly isAddress: boolean;
  };
  /** The gateway's routes under their own path and under Ollama's. */
  readonly routes: readonly ForwardedRoute[];
  readonly limits: RequestLimits;
  readonly readBodySizeKiB: number;
  /** How long the gateway may be silent, in seconds. */
  readonly readTimeoutSeconds: number;
  /** How long the streams of a version that is replaced may go on, in seconds. */
  readonly workerShutdownTimeoutSeconds: number;
  readonly workerConnections: number;
  /** The file descriptors that nginx may open: two for each connection. */
  readonly openFiles: number;
  /** From how long before its end the certificate is announced, in seconds. */
  readonly expiryNoticeSeconds: number;
  readonly keyIsBeside: boolean;
  readonly host: ForwarderPlace;
  readonly compose: ForwarderPlace;
}

/** What is different on a host and in a container. */
export interface ForwarderPlace {
  readonly isHost: boolean;
  /** The folder of nginx's files, below that of the version. */
  readonly nginxFolder: 'host' | 'compose';
  readonly listen: UpstreamServer;
  readonly isSocket: boolean;
  /** The folder that the socket is in. Undefined where it is a TCP port. */
  readonly socketFolder: string | undefined;
  readonly socketGroup: string | undefined;
  /** Users of the host that may call; none for a socket and in a container. */
  readonly users: readonly string[];
  /** The host names that it answers to. */
  readonly hosts: readonly string[];
  readonly keyPath: string;
  /** The file with the table of nftables that says who may call. */
  readonly tableFile: string;
  /** The file with the table that keeps the port for the forwarder. */
  readonly portTableFile: string;
}

/** A route of the gateway under one of the paths that clients use. */
export interface ForwardedRoute extends GatewayRoute {
  /** The path that clients use, or the part of it before the parameter. */
  readonly path: string;
}

/** Ollama's own port, which its clients call unless told otherwise. */
export const ollamaPort = 11_434;

/** The port of loopback, for root alone. */
export const defaultListen: ForwarderListen = { kind: 'loopback', port: ollamaPort, users: [] };

/** The port on a host below which a program needs a privilege, which a forwarder does not have. */
export const firstUnprivilegedPort = 1_024;

const versionsFolder = '/etc/hardening-forwarder/versions';
const socketFolder = '/run/hardening-forwarder/socket';

/** Where a version has its files, on a host and in a container. */
export function versionFolder(version: string): string {
  return `${versionsFolder}/${version}`;
}

/** Makes every decision about a forwarder. Pure. */
export function resolveForwarder(
  deployment: Deployment,
  expiryNoticeDays: number,
  { identity, listen, address, keyIsBeside }: ForwarderWish,
  version: string,
): Forwarder {
  const { gateway } = deployment;
  const [name = ''] = gateway.servedNames;
  const connect = { address: address ?? name, port: gateway.listen.port };
  const folder = versionFolder(version);
  const workerConnections = 512;
  return {
    stack: identity.stack,
    service: identity.service,
    generation: identity.generation,
    version,
    folder,
    gateway: { name, connect, isAddress: isIP(connect.address) !== 0 },
    routes: gateway.routes.flatMap((route) =>
      [route.publicPath, route.upstreamPath].map((path) => ({ ...route, path })),
    ),
    limits: gateway.limits,
    readBodySizeKiB: gateway.readBodySizeKiB,
    readTimeoutSeconds: gateway.limits.proxyReadTimeoutSeconds + 5,
    workerShutdownTimeoutSeconds: gateway.limits.workerShutdownTimeoutSeconds,
    workerConnections,
    openFiles: 2 * workerConnections + 64,
    expiryNoticeSeconds: expiryNoticeDays * 86_400,
    keyIsBeside,
    host: {
      ...(listen.kind === 'socket' ? socketPlace(listen.group) : loopbackPlace(listen)),
      isHost: true,
      nginxFolder: 'host',
      hosts: ['localhost', '127.0.0.1'],
      keyPath: `${folder}/key.pem`,
      tableFile: `${folder}/host/hardening-forwarder.nft`,
      portTableFile: `${folder}/host/hardening-forwarder-port.nft`,
    },
    compose: {
      isHost: false,
      nginxFolder: 'compose',
      listen: { address: '0.0.0.0', port: ollamaPort },
      isSocket: false,
      socketFolder: undefined,
      socketGroup: undefined,
      users: [],
      // The name of the service in compose.yaml, and of the container's own loopback.
      hosts: ['forwarder', 'localhost', '127.0.0.1'],
      keyPath: keyIsBeside ? '/run/key.pem' : `${folder}/key.pem`,
      tableFile: `${folder}/host/hardening-forwarder.nft`,
      portTableFile: `${folder}/host/hardening-forwarder-port.nft`,
    },
  };
}

type Listening = Pick<ForwarderPlace, 'listen' | 'isSocket' | 'socketFolder' | 'socketGroup' | 'users'>;

function socketPlace(group: string): Listening {
  return {
    listen: { socket: `${socketFolder}/ollama.sock` },
    isSocket: true,
    socketFolder,
    socketGroup: group,
    users: [],
  };
}

function loopbackPlace({ port, users }: { port: number; users: readonly string[] }): Listening {
  return {
    listen: { address: '127.0.0.1', port },
    isSocket: false,
    socketFolder: undefined,
    socketGroup: undefined,
    // Root cannot be kept out, and the installation asks the gateway as root.
    users: [...new Set(['root', ...users])],
  };
}
