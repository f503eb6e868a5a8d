import type { CorpusCase } from '../support/corpus-case.ts';
import { behind, gateway, inbound, tagOf } from './parts.ts';

/** Who reaches SSH. */
const world = 'ssh-open-to-world';

const rows: readonly (readonly [
  port: unknown,
  sources: readonly unknown[],
  finds: readonly string[],
  why: string,
])[] = [
  ['22', ['0.0.0.0/0', '::/0'], [world], 'everybody'],
  ['22', ['0.0.0.0/0'], [world], 'everybody over IPv4'],
  ['22', ['::/0'], [world], 'everybody over IPv6'],
  ['22', ['2000::/3'], [world], 'every address of IPv6 that is given out'],
  ['22', ['0.0.0.0/1', '128.0.0.0/1'], [world], 'the two halves'],
  ['22', ['0.0.0.0/1'], [world], 'one half'],
  ['22', ['::/1', '8000::/1'], [world], 'the two halves of IPv6'],
  ['22', ['1.2.3.4/0'], [world], 'everybody, with bits that do not count'],
  ['22', ['::ffff:0:0/96'], [world], 'IPv4 written as IPv6'],
  ['22', ['0.0.0.0/2', '64.0.0.0/2', '128.0.0.0/2', '192.0.0.0/2'], [world], 'four quarters'],
  ['22', ['203.0.113.0/24'], [], 'an office'],
  ['22', ['198.51.100.7'], [], 'one address without a prefix'],
  ['22', ['5.0.0.0/8'], [], 'a /8, the largest block of one owner'],
  ['22', ['4.0.0.0/7'], [world], 'more than one owner can have'],
  ['22', ['5.0.0.0/8', '7.0.0.0/16'], [world], 'a /8 and more'],
  ['22', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], [], 'private networks together'],
  ['22', ['2001:db8::/32'], [], "a provider's block of IPv6"],
  ['22', ['2600::/15'], [world], 'more IPv6 than anyone has'],
  ['20-25', ['0.0.0.0/0'], [world], 'a range around SSH'],
  ['23-25', ['0.0.0.0/0'], [], 'a range beside SSH'],
  ['2222', ['0.0.0.0/0'], [], 'a port that no connection names'],
];

const table: CorpusCase[] = rows.map(([port, sources, finds, why]) => ({
  name: `SSH ${String(port)} from ${sources.join(' ')}`,
  finds,
  why,
  stack: behind([gateway, inbound(port, sources)]),
}));

const two = (first: readonly string[], second: readonly string[], tags = [tagOf()]) =>
  behind([], {
    digitalocean_tag: { web: { name: 'web' }, other: { name: 'other' } },
    digitalocean_firewall: {
      web: { name: 'web', tags: [tagOf()], inbound_rule: [inbound('22', first)] },
      more: { name: 'more', tags, inbound_rule: [inbound('22', second)] },
    },
  });

const released = (port: unknown) => ({
  terraform_data: {
    release: {
      connection: { type: 'ssh', host: '192.0.2.10', user: 'root', port, host_key: 'ssh-ed25519 AAAA' },
      provisioner: [{ 'remote-exec': { inline: ['true'] } }],
    },
  },
});

export const sshCases: readonly CorpusCase[] = [
  ...table,
  {
    name: 'a half of the world in each of two firewalls of one droplet',
    finds: [world],
    why: 'the union of all firewalls counts',
    stack: two(['0.0.0.0/1'], ['128.0.0.0/1']),
  },
  {
    name: 'a quarter of a /8 in each of two rules',
    finds: [],
    why: 'together less than a /8',
    stack: behind([inbound('22', ['5.0.0.0/10']), inbound('22', ['7.0.0.0/10'])]),
  },
  {
    name: 'a /8 in each of two firewalls of one droplet',
    finds: [world],
    why: 'together more than a /8',
    stack: two(['5.0.0.0/8'], ['7.0.0.0/8']),
  },
  {
    name: 'a /8 in each of two firewalls of two tags',
    finds: [],
    why: 'they hold for different machines',
    stack: two(['5.0.0.0/8'], ['7.0.0.0/8'], ['${digitalocean_tag.other.name}']),
  },
  {
    name: 'SSH on another port, open to the world',
    finds: [world],
    why: 'a connection of the stack says that SSH is there',
    inPlan: false,
    stack: behind([gateway, inbound('2222', ['0.0.0.0/0'])], released(2222)),
  },
  {
    name: 'SSH on another port, for an office',
    finds: [],
    why: 'the office alone reaches it',
    inPlan: false,
    stack: behind([gateway, inbound('2222', ['203.0.113.0/24'])], released('2222')),
  },
  {
    name: 'SSH from a tag',
    finds: [],
    why: 'a bastion of the same account',
    stack: behind([gateway, { protocol: 'tcp', port_range: '22', source_tags: ['bastion'] }]),
  },
  {
    name: 'SSH from a variable with everybody as its default',
    finds: [world],
    why: 'the default is in force where nobody says otherwise',
    stack: behind(
      [gateway, inbound('22', '${var.admins}' as unknown as [])],
      {},
      { variable: { admins: { default: ['0.0.0.0/0'] } } },
    ),
  },
  {
    name: 'SSH from a variable without a default',
    finds: ['undecidable-value'],
    why: 'only a plan can tell: a warning says so',
    inPlan: false,
    stack: behind([gateway, inbound('22', ['${var.office}'])], {}, { variable: { office: {} } }),
  },
  {
    name: 'UDP on port 22 from everywhere',
    finds: [],
    why: 'SSH is TCP',
    stack: behind([gateway, inbound('22', ['0.0.0.0/0'], 'udp')]),
  },
  ...(
    [
      ['${concat(["0.0.0.0/0"], var.office)}', [world, 'undecidable-value'], 'the known part is everybody'],
      ['${concat(["192.0.2.0/24"], var.office)}', ['undecidable-value'], 'the known part is an office'],
      ['${[for network in ["0.0.0.0/0"] : network]}', [world, 'undecidable-value'], 'a list of everybody'],
      [
        '${var.open ? ["0.0.0.0/0"] : []}',
        [world, 'undecidable-value'],
        'one of two, and nothing says which',
      ],
    ] as const
  ).map(([sources, finds, why]): CorpusCase => ({
    name: `SSH from ${sources}`,
    finds,
    why,
    inPlan: false,
    stack: behind(
      [gateway, inbound('22', sources as unknown as [])],
      {},
      { variable: { office: {}, open: {} } },
    ),
  })),
];
