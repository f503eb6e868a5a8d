import { gatewayRoutes } from '../../model/routes.ts';
import type { GatewayRoute } from '../../model/deployment.ts';
import type { Rule, RuleFinding } from '../rule.ts';
import { gatewaysOf, refusals, type ModelLocation } from '../terms/gateway.ts';

/** The route of the kit that a location is for, by its exact path or its anchored pattern. */
function routeOf({ name }: ModelLocation): GatewayRoute | undefined {
  return gatewayRoutes.find(({ publicPath, parameter }) =>
    parameter === undefined
      ? name === `= ${publicPath}`
      : name === `~ ^${escapedPath(publicPath)}(?<${parameter.name}>${parameter.pattern})\\z`,
  );
}

const escapedPath = (path: string): string => path.replace(/[.+*?^${}()|[\]\\]/g, '\\$&');

function problemOf(location: ModelLocation): string | undefined {
  const route = routeOf(location);
  if (route === undefined) return 'no route class has it';
  const upstreamPath = location.proxyPass.replace(/^[a-z]+:\/\/[^/]*/, '');
  const expected =
    route.parameter === undefined ? route.upstreamPath : `${route.upstreamPath}$${route.parameter.name}`;
  if (upstreamPath !== expected)
    return `it asks Ollama for ${upstreamPath === '' ? 'any path' : upstreamPath}`;
  const conditions = refusals(location).map((words) => words.join(' '));
  const methods = [
    `$request_method != ${route.methods.join('|')}`,
    `$request_method !~ ^(?:${route.methods.join('|')})\\z`,
  ];
  if (!conditions.some((condition) => methods.includes(condition))) {
    return `it takes other methods than ${route.methods.join(' and ')}`;
  }
  const grants = route.grants.map(escapedPath).join('|');
  return conditions.includes(`$granted_routes !~  (?:${grants}) `)
    ? undefined
    : `it is open to services without ${route.grants.join(' or ')}`;
}

export const gatewayRouteOutsideClasses: Rule = {
  id: 'gateway-route-outside-classes',
  level: 'error',
  title: 'the gateway has a route that is in no route class, or open to services without it',
  why:
    'A path that is passed on without being listed lets a service pull, create or delete models, or push them to ' +
    'somebody else; one without its check lets a dashboard make models work.',
  check: (stack, { modelPorts }) =>
    gatewaysOf(stack, modelPorts).locations.flatMap((location): RuleFinding[] => {
      const problem = problemOf(location);
      if (problem === undefined) return [];
      return [
        {
          resource: location.file,
          problem: `location ${location.name === '' ? '(none)' : location.name}: ${problem}`,
          fix: "name routes in services.NAME.routes, and leave routes.conf to the kit's template",
        },
      ];
    }),
};
