import type { Rule } from '../rule.ts';
import { inboundRules, letsAnyoneIn, sourceWords } from '../terms/firewalls.ts';
import { hasPort } from '../terms/ports.ts';

export const modelPortExposed: Rule = {
  id: 'model-port-exposed',
  level: 'error',
  title: "a firewall lets somebody reach Ollama's own port",
  why:
    'Ollama asks nobody who they are: whoever reaches its port runs, pulls and deletes models. The gateway is the one ' +
    'way in, so no rule may have this port, from a private network or another droplet neither.',
  check: (stack, { modelPorts }) =>
    inboundRules(stack)
      .filter(letsAnyoneIn)
      .flatMap((rule) => {
        const reached = modelPorts.filter((port) => rule.ports === undefined || hasPort(rule.ports, port));
        return reached.length === 0
          ? []
          : [
              {
                resource: rule.firewall.address,
                problem:
                  rule.ports === undefined
                    ? `an inbound ${rule.protocol} rule has a port that is not known, so that nothing keeps it off ${reached.join(', ')}`
                    : `inbound ${rule.protocol} '${rule.portText}' from ${sourceWords(rule)} includes port ${reached.join(', ')}`,
                fix: "open the gateway's port alone, and write it as a number",
              },
            ];
      }),
};
