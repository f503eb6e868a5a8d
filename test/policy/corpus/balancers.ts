import type { Block, CorpusCase } from '../support/corpus-case.ts';

/** Where load balancers forward to. */
const found = 'load-balancer-to-model-port';

const balancer = (rules: unknown, more: Block = {}): Block => ({
  resource: {
    digitalocean_loadbalancer: { lb: { name: 'lb', region: 'fra1', forwarding_rule: rules, ...more } },
  },
  variable: { port: { default: '11434' } },
});
const rule = (entry: unknown, target: unknown): Block => ({
  entry_port: entry,
  entry_protocol: 'https',
  target_port: target,
  target_protocol: 'https',
  tls_passthrough: true,
});

export const balancers: readonly CorpusCase[] = [
  { name: '443 to 443', finds: [], why: 'the gateway', stack: balancer([rule(443, 443)]) },
  { name: '443 to 11434', finds: [found], why: 'past the gateway', stack: balancer([rule(443, 11434)]) },
  { name: '443 to "11434"', finds: [found], why: 'the port as text', stack: balancer([rule(443, '11434')]) },
  {
    name: '11434 to 443',
    finds: [found],
    why: "Ollama's port is open at the balancer",
    stack: balancer([rule(11434, 443)]),
  },
  {
    name: 'a variable that is 11434',
    finds: [found],
    why: 'by its default',
    stack: balancer([rule(443, '${var.port}')]),
  },
  {
    name: 'the second of two rules',
    finds: [found],
    why: 'each rule counts',
    stack: balancer([rule(443, 443), rule(8443, 11434)]),
  },
  {
    name: 'one rule without a list',
    finds: [found],
    why: 'JSON may have a single block without its list',
    stack: balancer(rule(443, 11434)),
  },
  { name: '443 to 11435', finds: [], why: 'another port', stack: balancer([rule(443, 11435)]) },
  {
    name: 'another port that Ollama is on',
    finds: [found],
    why: 'it was moved there',
    modelPorts: [8080],
    stack: balancer([rule(443, 8080)]),
  },
  {
    name: 'a global balancer',
    finds: [found],
    why: 'its settings have a port too',
    stack: balancer([], { type: 'GLOBAL', glb_settings: [{ target_protocol: 'http', target_port: 11434 }] }),
  },
  {
    name: 'a health check of the gateway',
    finds: [],
    why: 'it forwards nothing',
    stack: balancer([rule(443, 443)], { healthcheck: [{ protocol: 'tcp', port: 443 }] }),
  },
];
