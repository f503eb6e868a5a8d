import { ollamaRoutes, type OllamaRoute } from '../config/ollama-routes.ts';
import type { GatewayRoute } from './deployment.ts';

/** Where the gateway serves Ollama's API, so that other review tools can have a path of their own later. */
export const publicPrefix = '/ollama';

/** Every route that the gateway knows. What is not among them is refused. */
export const gatewayRoutes: readonly GatewayRoute[] = ollamaRoutes.map((route: OllamaRoute) => ({
  isInference: route.class === 'inference',
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
