import type { Rule, RuleFinding } from '../rule.ts';
import { blocksOf, numberOf, ofType, textOf } from '../values.ts';
import { isGone } from '../terms/firewalls.ts';

export const loadBalancerToModelPort: Rule = {
  id: 'load-balancer-to-model-port',
  level: 'error',
  title: "a load balancer forwards to Ollama's own port",
  why: 'A load balancer is open to the Internet, and passes the gateway by with its certificates and limits.',
  check: (stack, { modelPorts }) =>
    ofType(stack.resources, 'digitalocean_loadbalancer')
      .filter((one) => !isGone(one))
      .flatMap((balancer): RuleFinding[] => {
        const rules = blocksOf(balancer.values, 'forwarding_rule').map((rule) => [
          numberOf(rule['entry_port']),
          numberOf(rule['target_port']),
        ]);
        const global = blocksOf(balancer.values, 'glb_settings').map((settings) => [
          numberOf(settings['target_port']),
        ]);
        const ports = new Set([...rules, ...global].flat());
        return modelPorts
          .filter((port) => ports.has(port))
          .map((port) => ({
            resource: balancer.address,
            problem: `${textOf(balancer.values['name']) ?? 'it'} takes or forwards port ${port}`,
            fix: "forward to the gateway's TLS port, with tls_passthrough",
          }));
      }),
};
