import type { Rule } from '../rule.ts';
import { inboundRules, letsAnyoneIn, sourceWords } from '../terms/firewalls.ts';
import { countPorts } from '../terms/ports.ts';

/** No service of a machine that serves models needs more ports in one rule. */
const maximumPorts = 100;

export const wideInboundRange: Rule = {
  id: 'wide-inbound-range',
  level: 'error',
  title: `an inbound rule opens more than ${maximumPorts} ports`,
  why: 'A wide range opens whatever is started there later, by an update or by hand, without anyone deciding it.',
  check: (stack) =>
    inboundRules(stack)
      .filter(letsAnyoneIn)
      .filter(({ ports }) => ports !== undefined && countPorts(ports) > maximumPorts)
      .map((rule) => ({
        resource: rule.firewall.address,
        problem: `inbound ${rule.protocol} '${rule.portText}' from ${sourceWords(rule)} opens ${countPorts(rule.ports ?? [])} ports`,
        fix: 'write one rule for each port that is needed',
      })),
};
