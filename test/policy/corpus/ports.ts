import type { Block, CorpusCase } from '../support/corpus-case.ts';
import { behind, clients, firewall, gateway, inbound, ssh } from './parts.ts';

/** Which ports a rule has, and from where: the range question. */
const model = 'model-port-exposed';
const wide = 'wide-inbound-range';

const rows: readonly (readonly [
  port: unknown,
  sources: readonly unknown[],
  finds: readonly string[],
  why: string,
  protocol?: string,
])[] = [
  ['11434', ['0.0.0.0/0', '::/0'], [model], "Ollama's port, open to all"],
  [11434, ['0.0.0.0/0'], [model], 'the port as a number'],
  ['11434-11434', clients, [model], 'a range of one port'],
  ['11000-12000', clients, [model, wide], 'a range around it'],
  ['11434-11500', clients, [model], 'a range that begins with it'],
  ['11400-11434', clients, [model], 'a range that ends with it'],
  ['11435-11500', clients, [], 'a range that begins after it'],
  ['11400-11433', clients, [], 'a range that ends before it'],
  ['11500-11400', clients, [model, wide], 'a range the wrong way round, read as the API might'],
  ['1-65535', clients, [model, wide], 'every port in numbers'],
  ['0-65535', clients, [model, wide], 'every port in numbers from 0'],
  ['all', clients, [model, wide], 'every port in a word'],
  ['ALL', clients, [model, wide], 'every port in another case'],
  ['0', clients, [model, wide], "DigitalOcean's other word for every port"],
  [0, clients, [model, wide], 'the same as a number'],
  ['', clients, [model, wide], 'no port is every port'],
  [undefined, clients, [model, wide], 'a port that is left out is every port'],
  ['443', ['0.0.0.0/0', '::/0'], [], 'the gateway, open to all: certificates keep strangers out'],
  ['1143', clients, [], 'another port that begins alike'],
  ['114340', clients, [model], 'no port at all: nothing shows what it opens'],
  ['${11434}', clients, [model], 'the port as an expression'],
  ['${var.port}', clients, [model], 'the port by a variable with a default'],
  ['${local.ports}', clients, [model, wide], 'the port by a local'],
  ['${join("-", ["11000", "12000"])}', clients, [model, wide], 'the range by a function'],
  ['${format("%d", 11434)}', clients, [model], 'the port by format'],
  ['${tostring(443)}', clients, [], 'a safe port by a function'],
  ['${true ? "443" : "11434"}', clients, [], 'a choice that is always the safe one'],
  ['${false ? "443" : "11434"}', clients, [model], 'a choice that is always the other one'],
  ['11434', ['127.0.0.0/8', '::1/128'], [], 'from loopback nothing ever arrives'],
  ['11434', ['127.0.0.1'], [], 'one loopback address'],
  ['11434', ['126.0.0.0/7'], [model], 'a network that has loopback and more'],
  ['11434', ['10.0.0.0/8'], [model], 'from a private network, where everyone else is'],
  ['11434', ['192.0.2.7/32'], [model], 'from one address, which passes the gateway by as well'],
  ['11434', ['::1/128', 'fd00::/8'], [model], 'from private addresses of IPv6'],
  ['11434', ['::ffff:127.0.0.1'], [], 'loopback of IPv4 written as IPv6'],
  ['11434', ['::ffff:192.0.2.1'], [model], 'another address of IPv4 written as IPv6'],
  ['11434', [], [], 'no source is nobody'],
  ['11434', ['0.0.0.0/0'], [model], 'UDP as well: HTTP/3 or a tunnel may be there', 'udp'],
  ['11434', ['0.0.0.0/0'], [], 'ICMP has no ports', 'icmp'],
  ['all', ['0.0.0.0/0'], [], 'ICMP has no ports, whatever is written', 'icmp'],
  ['11434', ['0.0.0.0/0'], [model], 'the protocol in capitals', 'TCP'],
  ['8000-8100', clients, [wide], '101 ports in one rule'],
  ['8000-8099', clients, [], '100 ports in one rule'],
  ['60000-61000', clients, [wide], 'a range of UDP for mosh', 'udp'],
  ['80,443', clients, [], 'two ports in a list'],
  ['443,11434', clients, [model], 'a list with the port in it'],
  ['443:11500', clients, [model, wide], 'a range with a colon'],
];

const top = { variable: { port: { default: 11434 } }, locals: { ports: '11000-12000' } };

const table: CorpusCase[] = rows.map(([port, sources, finds, why, protocol = 'tcp']) => ({
  name: `${protocol} ${port === undefined ? 'no port' : JSON.stringify(port)} from ${sources.join(' ') || 'nobody'}`,
  finds,
  why,
  stack: behind([ssh, gateway, inbound(port, sources, protocol)], {}, top),
}));

/** Sources that are no addresses, and other ways to have a rule. */
const machines: CorpusCase[] = [
  {
    name: 'the model port from a tag',
    finds: [model],
    why: 'any droplet can be given a tag',
    stack: behind([ssh, { protocol: 'tcp', port_range: '11434', source_tags: ['ci'] }]),
  },
  {
    name: 'the model port from a droplet',
    finds: [model],
    why: 'another machine passes the gateway by',
    stack: behind([ssh, { protocol: 'tcp', port_range: '11434', source_droplet_ids: [4711] }]),
  },
  {
    name: 'the model port from a load balancer',
    finds: [model, wide],
    why: 'a load balancer is open to all',
    stack: behind([
      ssh,
      {
        protocol: 'tcp',
        port_range: '11000-11999',
        source_load_balancer_uids: ['${digitalocean_loadbalancer.lb.id}'],
      },
    ]),
  },
  {
    name: 'the model port from a cluster',
    finds: [model],
    why: 'every pod of it',
    stack: behind([ssh, { protocol: 'tcp', port_range: '11434', source_kubernetes_ids: ['aaaa'] }]),
  },
  {
    name: 'the gateway from a tag',
    finds: [],
    why: 'the gateway is what may be reached',
    stack: behind([ssh, { protocol: 'tcp', port_range: '443', source_tags: ['ci'] }]),
  },
  {
    name: 'an outbound rule for every port',
    finds: [],
    why: 'what leaves does not come in',
    stack: behind([ssh, gateway]),
  },
  {
    name: 'one rule as an object, not a list',
    finds: [model],
    why: 'JSON may have a single block without its list',
    stack: {
      resource: {
        ...(behind([]) as { resource: object }).resource,
        digitalocean_firewall: {
          web: {
            name: 'web',
            tags: ['${digitalocean_tag.web.name}'],
            inbound_rule: inbound('11434', clients),
          },
        },
      },
    },
  },
  {
    name: 'a second firewall with the model port',
    finds: [model],
    why: 'the union of all firewalls counts',
    stack: behind([ssh, gateway], {
      digitalocean_firewall: {
        web: { name: 'web', tags: ['${digitalocean_tag.web.name}'], inbound_rule: [ssh, gateway] },
        debug: {
          name: 'debug',
          tags: ['${digitalocean_tag.web.name}'],
          inbound_rule: [inbound('11434', clients)],
        },
      },
    }),
  },
  {
    name: 'a firewall for other machines with the model port',
    finds: [model],
    why: 'no rule of the stack may have it: tags are given by hand as well',
    stack: behind([ssh, gateway], {
      digitalocean_firewall: {
        web: { name: 'web', tags: ['${digitalocean_tag.web.name}'], inbound_rule: [ssh, gateway] },
        other: { name: 'other', tags: ['other'], inbound_rule: [inbound('11434', clients)] },
      },
    }),
  },
  {
    name: 'rules by a dynamic block, one with the model port',
    finds: [model],
    why: 'blocks that terraform makes are blocks',
    inPlan: false,
    stack: behind([], {
      digitalocean_firewall: {
        web: {
          name: 'web',
          tags: ['${digitalocean_tag.web.name}'],
          dynamic: {
            inbound_rule: {
              for_each: ['443', '11434'],
              content: inbound('${inbound_rule.value}', clients),
            },
          },
        },
      },
    }),
  },
  {
    name: 'rules by a dynamic block, none with the model port',
    finds: [],
    why: 'each port is known and another',
    inPlan: false,
    stack: behind([], {
      digitalocean_firewall: {
        web: {
          name: 'web',
          tags: ['${digitalocean_tag.web.name}'],
          dynamic: {
            inbound_rule: {
              for_each: '${toset(["443", "8443"])}',
              iterator: 'rule',
              content: inbound('${rule.value}', clients),
            },
          },
        },
      },
    }),
  },
  {
    name: 'firewalls by for_each, one with the model port',
    finds: [model],
    why: 'each instance is a firewall',
    inPlan: false,
    stack: behind([], {
      digitalocean_firewall: {
        web: {
          for_each: { a: '443', b: '11434' },
          name: '${each.key}',
          tags: ['${digitalocean_tag.web.name}'],
          inbound_rule: [inbound('${each.value}', clients)],
        },
      },
    }),
  },
  {
    name: 'rules that a variable without a default gives',
    finds: [model, 'undecidable-value'],
    why: 'nothing shows that the port is not among them',
    stack: behind('${var.rules}' as unknown as []),
    inPlan: false,
  },
  {
    name: 'another port that Ollama listens on',
    finds: [model],
    why: 'it was moved there',
    modelPorts: [8080],
    stack: behind([ssh, inbound('8080', clients)]),
  },
  {
    name: 'port 8080 where Ollama is elsewhere',
    finds: [],
    why: 'it is any port',
    stack: behind([ssh, inbound('8080', clients)]),
  },
  {
    name: 'the usual port where Ollama was moved to another',
    finds: [model],
    why: 'an update brings the usual one back',
    modelPorts: [8080],
    stack: behind([ssh, inbound('11434', clients)]),
  },
];

/** Expressions that terraform reads by the precedence of its operators, and functions that it has forms of. */
const switched = (variables: Block, port: string, finds: readonly string[], why: string): CorpusCase => ({
  name: `the port ${port} with ${JSON.stringify(variables)}`,
  finds,
  why,
  // A plan has the value, and not the expression.
  inPlan: false,
  stack: behind(
    [ssh, inbound(port, clients)],
    {},
    {
      variable: Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [name, { default: value }]),
      ),
    },
  ),
});
const either = '${var.debug || var.env == "dev" ? "11434" : "443"}';
const expressions: CorpusCase[] = [
  switched({ debug: true, env: 'prod' }, either, [model], '== binds tighter than ||'),
  switched({ debug: 'true', env: 'prod' }, either, [model], 'a truth that is written as text'),
  switched({ debug: false, env: 'prod' }, either, [], 'neither is so'),
  switched({}, '${8000 + 1717 * 2}', [model], '* binds tighter than +'),
  switched({}, '${(8000 + 1717) * 2}', [], 'with parentheses it is another port'),
  switched({}, '${true || false && false ? "11434" : "443"}', [model], '&& binds tighter than ||'),
  switched({ prod: true }, '${!var.prod == true ? "443" : "11434"}', [model], '! is of the operand alone'),
  switched({}, '${replace("443", "/443/", "11434")}', [model], 'between slashes is a regular expression'),
  switched({}, '${replace("443", "443", "11434")}', [model], 'a text in place of another'),
  switched({}, '${replace("443", "4/3", "11434")}', [], 'a slash within is a slash'),
  {
    name: 'a firewall that is there if one of two things is so',
    finds: [model],
    why: 'it is counted as terraform counts it',
    inPlan: false,
    stack: behind(
      [],
      {
        digitalocean_firewall: {
          web: firewall([ssh, gateway]),
          debug: {
            ...firewall([inbound('11434', clients)]),
            name: 'debug',
            count: '${var.debug || var.env == "dev" ? 1 : 0}',
          },
        },
      },
      { variable: { debug: { default: true }, env: { default: 'prod' } } },
    ),
  },
];

export const ports: readonly CorpusCase[] = [...table, ...machines, ...expressions];
