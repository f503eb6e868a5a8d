import type { Block, CorpusCase } from '../support/corpus-case.ts';

/** Where load balancers forward to. */
const found = 'load-balancer-to-model-port';
const world = 'ssh-open-to-world';
const undecidable = 'undecidable-value';

const balancer = (rules: unknown, more: Block = {}): Block => ({
  resource: {
    digitalocean_loadbalancer: { lb: { name: 'lb', region: 'fra1', forwarding_rule: rules, ...more } },
  },
  variable: { port: { default: '11434' }, any: {} },
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
  {
    name: '443 to a port that is not known',
    finds: [found],
    why: 'nothing shows that it is another',
    stack: balancer([rule(443, '${var.any}')]),
  },
  {
    name: 'a port that is not known to 443',
    finds: [found],
    why: 'nothing shows that it is another',
    stack: balancer([rule('${var.any}', 443)]),
  },
  {
    name: 'rules that are not known',
    finds: [found],
    why: 'nothing shows that the port is not among them',
    stack: balancer('${var.any}'),
  },
  {
    name: 'one rule of two that is not known',
    finds: [found],
    why: 'nothing shows that the port is not in it',
    inPlan: false,
    stack: balancer([rule(443, 443), '${var.any}']),
  },
  {
    name: 'rules of a list that is not known',
    finds: [found],
    why: 'each value may be the port',
    inPlan: false,
    stack: balancer([], {
      dynamic: {
        forwarding_rule: { for_each: '${var.any}', content: rule(443, '${forwarding_rule.value}') },
      },
    }),
  },
  {
    name: 'a port by a function that is not read',
    finds: [found],
    why: 'nothing shows that it is another',
    stack: balancer([rule(443, '${max(11434, 1)}')]),
  },
  {
    name: 'settings of a global balancer that are not known',
    finds: [found],
    why: 'nothing shows that they have another port',
    stack: balancer([], {
      type: 'GLOBAL',
      glb_settings: [{ target_protocol: 'http', target_port: '${var.any}' }],
    }),
  },
  { name: '443 to 1.1434e4', finds: [found], why: 'a number', stack: balancer([rule(443, '1.1434e4')]) },
  { name: '22 to 22', finds: [world], why: 'SSH for everyone', stack: balancer([rule(22, 22)]) },
  { name: '2222 to 22', finds: [world], why: 'SSH on another port', stack: balancer([rule(2222, '22')]) },
  { name: '22 to 443', finds: [], why: 'the gateway on another port', stack: balancer([rule(22, 443)]) },
  {
    name: '2222 to 22 for an office',
    finds: [],
    why: 'nobody else reaches it',
    stack: balancer([rule(2222, 22)], { firewall: [{ allow: ['cidr:203.0.113.0/24', 'ip:192.0.2.1'] }] }),
  },
  {
    name: '2222 to 22 for both halves of the Internet',
    finds: [world],
    why: 'they are everybody',
    stack: balancer([rule(2222, 22)], { firewall: [{ allow: ['cidr:0.0.0.0/1', 'cidr:128.0.0.0/1'] }] }),
  },
  {
    name: '2222 to 22 but for a network',
    finds: [world],
    why: 'all others are let in',
    stack: balancer([rule(2222, 22)], { firewall: [{ deny: ['cidr:203.0.113.0/24'] }] }),
  },
  {
    name: '2222 to 22 for a network that is not known',
    finds: [undecidable],
    why: 'only a plan can tell',
    stack: balancer([rule(2222, 22)], { firewall: [{ allow: ['${var.any}'] }] }),
  },
  {
    name: '22 to 22 within a private network',
    finds: [],
    why: 'the Internet does not reach it',
    stack: balancer([rule(22, 22)], { network: 'INTERNAL' }),
  },
  {
    name: '22 to the port that SSH was moved to',
    finds: [world],
    why: 'a connection of the stack says that SSH is there',
    inPlan: false,
    stack: {
      resource: {
        ...(balancer([rule(22, 2222)])['resource'] as Block),
        terraform_data: {
          x: {
            connection: { type: 'ssh', host: '192.0.2.1', port: 2222, host_key: 'ssh-ed25519 AAAA' },
            provisioner: [{ 'remote-exec': { inline: ['true'] } }],
          },
        },
      },
    },
  },
];
