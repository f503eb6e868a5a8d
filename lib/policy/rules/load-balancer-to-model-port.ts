import type { Rule } from '../rule.ts';
import { textOf } from '../values.ts';
import { forwardsOf, type Forward } from '../terms/balancers.ts';

const isUnknown = ({ entry, target }: Forward): boolean => entry === 'unknown' || target === 'unknown';

function problemsOf(forwards: readonly Forward[], modelPorts: readonly number[]): string[] {
  const ports = new Set(forwards.flatMap(({ entry, target }) => [entry, target]));
  return [
    ...modelPorts.filter((port) => ports.has(port)).map((port) => `takes or forwards port ${port}`),
    ...(forwards.some(isUnknown)
      ? [`has a port that is not known, so that nothing keeps it off ${modelPorts.join(', ')}`]
      : []),
  ];
}

export const loadBalancerToModelPort: Rule = {
  id: 'load-balancer-to-model-port',
  level: 'error',
  title: "a load balancer forwards to Ollama's own port",
  why: 'A load balancer is open to the Internet, and passes the gateway by with its certificates and limits.',
  check: (stack, { modelPorts }) => {
    const forwards = forwardsOf(stack);
    return [...new Set(forwards.map(({ balancer }) => balancer))].flatMap((balancer) =>
      problemsOf(
        forwards.filter((one) => one.balancer === balancer),
        modelPorts,
      ).map((problem) => ({
        resource: balancer.address,
        problem: `${textOf(balancer.values['name']) ?? 'it'} ${problem}`,
        fix: "forward to the gateway's TLS port, with tls_passthrough, and write it as a number",
      })),
    );
  },
};
