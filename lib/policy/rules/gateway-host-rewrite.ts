import type { Rule, RuleFinding } from '../rule.ts';
import { gatewaysOf, inForce } from '../terms/gateway.ts';

const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

export const gatewayHostRewrite: Rule = {
  id: 'gateway-host-rewrite',
  level: 'error',
  title: 'the gateway passes on a Host that is not the loopback one',
  why:
    "Ollama trusts requests for localhost alone and answers others with an empty 403; a client's own Host would also " +
    "let a web page's name reach it (DNS rebinding).",
  check: (stack, { modelPorts }) =>
    gatewaysOf(stack, modelPorts).locations.flatMap((location): RuleFinding[] => {
      const hosts = inForce(location, 'proxy_set_header')
        .filter(({ args }) => args[0]?.toLowerCase() === 'host')
        .map(({ args }) => args[1] ?? '');
      if (hosts.length > 0 && hosts.every((host) => loopbackHost.test(host))) return [];
      return [
        {
          resource: location.file,
          problem:
            hosts.length === 0
              ? `location ${location.name} sets no Host`
              : `location ${location.name} sets Host to ${hosts.join(', ')}`,
          fix: 'include request-headers.conf in every location that sets a header of its own',
        },
      ];
    }),
};
