import { ollamaRoutes, type OllamaRoute } from '../config/ollama-routes.ts';
import type { GatewayRoute } from './deployment.ts';

/** Where the gateway serves Ollama's API, so that other review tools can have a path of their own later. */
export const publicPrefix = '/ollama';

/**
 * The largest body of a request that shows a model, in KiB: it has the model's name and may have options, and is in
 * memory whole.
 */
const showBodySizeKiB = 64;

/** The largest body on a route that reads, in KiB: never more than on the others. */
export function readBodySizeKiB(clientMaxBodySizeKiB: number): number {
  return Math.min(showBodySizeKiB, clientMaxBodySizeKiB);
}

/** Every route that the gateway knows. What is not among them is refused. */
export const gatewayRoutes: readonly GatewayRoute[] = ollamaRoutes.map((route: OllamaRoute) => ({
  isInference: route.class === 'inference',
  takesNoBody: !takesBody(route),
  readsBody: takesBody(route) && route.class === 'read',
  methods: route.methods,
  // Compared without a regular expression, which is cheaper (docs/performance.md).
  onlyMethod: route.methods.length === 1 ? route.methods[0] : undefined,
  hasSeveralMethods: route.methods.length !== 1,
  publicPath: publicPrefix + route.path,
  upstreamPath: route.path,
  parameter: route.parameter,
  isConstant: route.parameter === undefined,
  grants: [route.class, grantOf(route.name)],
}));

/** A route's name without the space, since grants stand in a list that spaces part: `POST:/api/chat`. */
export function grantOf(routeOrClass: string): string {
  return routeOrClass.replace(' ', ':');
}

/** GET and HEAD have no body that means anything (RFC 9110, 9.3.1 and 9.3.2). */
function takesBody({ methods }: OllamaRoute): boolean {
  return methods.some((method) => method !== 'GET' && method !== 'HEAD');
}
