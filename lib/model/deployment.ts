import type { OllamaRoute } from '../config/ollama-routes.ts';
import type { StackConfig } from '../config/schema.ts';
import type { WantedPki } from '../pki/inventory.ts';
import type { Machine } from './machine/machine.ts';
import type { Endpoint, GatewayPaths, UpstreamServer } from './placement.ts';

/** Every decision about one stack, as plain data. Templates print it and decide nothing. */
export interface Deployment {
  readonly stack: string;
  readonly gateway: Gateway;
  /** Those that are let in. One whose every certificate is revoked is not here. */
  readonly services: readonly Service[];
  /** Whose certificates were taken back, in the order of the configuration. */
  readonly revoked: readonly Revocation[];
  readonly health: HealthIdentity;
  readonly ollama: OllamaEnvironment;
  readonly certificates: WantedPki;
  readonly machine: Machine;
  /** The files that this deployment does not have, relative to the machine's root, though there are templates of them. */
  readonly absentFiles: readonly string[];
  /** The files that are programs, relative to the machine's root. */
  readonly programFiles: readonly string[];
  readonly log: StackConfig['log'] & {
    /** Whether lines wait in memory before they are written. */
    readonly isBuffered: boolean;
  };
}

export interface Gateway {
  readonly listen: Endpoint;
  readonly plainListen: Endpoint | undefined;
  readonly upstream: UpstreamServer;
  readonly workerUser: { readonly name: string; readonly group: string } | undefined;
  readonly workerProcesses: 'auto' | number;
  readonly paths: GatewayPaths;
  /** Every host name that is served, loopback's included. */
  readonly servedNames: readonly string[];
  readonly tls: {
    /** HTTP/2 is switched on by a directive of its own, or else by a parameter of `listen`. */
    readonly http2Directive: boolean;
    readonly http2OnListen: boolean;
    readonly keyExchangeGroups: readonly string[];
  };
  readonly routes: readonly GatewayRoute[];
  /** The largest body on a route that reads, in KiB. */
  readonly readBodySizeKiB: number;
  readonly limitSets: readonly (LimitSet & { readonly members: readonly string[] })[];
  readonly perAddress: StackConfig['limits']['perAddress'];
  /** Sizes of nginx's hash tables for maps, which grow with the number of services. */
  readonly mapHash: { readonly maxSize: number; readonly bucketSizeBytes: number };
  readonly limits: RequestLimits;
  /** The file descriptors that nginx may open: two for each connection, since it has another to Ollama. */
  readonly openFiles: number;
}

/** The limits on connections and single requests, in nginx's terms. */
export type RequestLimits = Omit<
  StackConfig['gateway'],
  | 'serverNames'
  | 'listenAddress'
  | 'listenPort'
  | 'plainListenPort'
  | 'workerProcesses'
  | 'revocationDrainSeconds'
>;

/** A route of Ollama as the gateway serves it. */
export interface GatewayRoute {
  /** Whether the limits on inference hold. */
  readonly isInference: boolean;
  /** Whether it only shows something: by GET or HEAD alone. A body is refused there. */
  readonly takesNoBody: boolean;
  /** Whether it shows what a body asks for: a small one, counted as one of the service's streams. */
  readonly readsBody: boolean;
  readonly methods: readonly string[];
  /** The method, where there is only one. */
  readonly onlyMethod: string | undefined;
  readonly hasSeveralMethods: boolean;
  /** The public path, or the part of it before the parameter. */
  readonly publicPath: string;
  /** The constant path that Ollama gets, or the part of it before the parameter. */
  readonly upstreamPath: string;
  readonly parameter: OllamaRoute['parameter'];
  /** Whether the path is matched whole: it has no parameter. */
  readonly isConstant: boolean;
  /** Grants that open it: its class, or the route by itself. */
  readonly grants: readonly string[];
}

/** The identity that the machine checks itself with after a release. No service can have its name. */
export interface HealthIdentity {
  readonly name: string;
  readonly generation: number;
  /** The subject of its certificate, as nginx prints it. */
  readonly distinguishedName: string;
  readonly grants: readonly string[];
  /** The addresses that it is let in from: those of the machine itself. */
  readonly sources: readonly string[];
}

/** One service as the gateway knows it. */
export interface Service {
  readonly name: string;
  /** The certificates that are let in, the earlier generation first: one, or two while one takes over from the other. */
  readonly identities: readonly ServiceIdentity[];
  /** What it may call: route classes and grants of single routes. */
  readonly grants: readonly string[];
  readonly limitSet: LimitSet;
}

export interface ServiceIdentity {
  readonly generation: number;
  /** The subject of its certificate, as nginx prints it. */
  readonly distinguishedName: string;
}

export interface Revocation {
  readonly service: string;
  /** Certificates up to it are refused. Undefined: every one, for good. */
  readonly generation: number | undefined;
  /** The day of the decision, YYYY-MM-DD. */
  readonly date: string;
  readonly reason: string;
}

/** Limits that one or more services share the values of; each service is counted by itself. */
export interface LimitSet {
  /** Names the set in nginx's variables and zones. */
  readonly name: string;
  readonly requestsPerSecond: number;
  readonly burst: number;
  readonly concurrentStreams: number;
}

/** Ollama's environment, in the order it is printed. */
export interface OllamaEnvironment {
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  /** The Host header that Ollama accepts on a loopback listener. */
  readonly hostHeader: string;
}
