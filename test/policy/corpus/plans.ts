import type { Block, CorpusCase } from '../support/corpus-case.ts';

/** What a plan does: these are plans, as `terraform show -json` prints them. */
const replaces = 'replaces-droplet-or-authority';
const destroys = 'destroys-droplet-or-authority';

interface Change {
  readonly type: string;
  readonly actions: readonly string[];
  readonly values?: Block;
  readonly name?: string;
  readonly references?: Readonly<Record<string, readonly string[]>>;
}

function plan(...changes: readonly Change[]): Block {
  return {
    format_version: '1.2',
    planned_values: { root_module: {} },
    resource_changes: changes.map(({ type, name = 'x', actions, values = {} }) => ({
      address: `${type}.${name}`,
      mode: 'managed',
      type,
      name,
      change: {
        actions,
        before: actions[0] === 'create' && actions.length === 1 ? null : values,
        after: actions.length === 1 && actions[0] === 'delete' ? null : values,
        after_unknown: {},
        before_sensitive: false,
        after_sensitive: {},
      },
    })),
    configuration: {
      root_module: {
        resources: changes
          .filter(({ actions }) => !(actions.length === 1 && actions[0] === 'delete'))
          .map(({ type, name = 'x', references = {} }) => ({
            address: `${type}.${name}`,
            mode: 'managed',
            type,
            name,
            expressions: Object.fromEntries(
              Object.entries(references).map(([key, listed]) => [key, { references: listed }]),
            ),
          })),
      },
    },
  };
}

const tags = ['web'];
const firewall: Change = {
  type: 'digitalocean_firewall',
  actions: ['no-op'],
  values: { tags, inbound_rule: [] },
};
const droplet = (actions: readonly string[], name = 'x'): Change => ({
  type: 'digitalocean_droplet',
  name,
  actions,
  values: { tags, image: 'debian-13-x64' },
  references: { name: ['digitalocean_firewall.x.name', 'digitalocean_firewall.x'] },
});
const ca = (actions: readonly string[]): Change => ({
  type: 'tls_self_signed_cert',
  actions,
  values: { is_ca_certificate: true, allowed_uses: ['cert_signing'], validity_period_hours: 24 },
  references: { private_key_pem: ['tls_private_key.x.private_key_pem', 'tls_private_key.x'] },
});
const key = (actions: readonly string[], name = 'x'): Change => ({
  type: 'tls_private_key',
  name,
  actions,
  values: { algorithm: 'ECDSA', ecdsa_curve: 'P256' },
});
const leaf = (actions: readonly string[]): Change => ({
  type: 'tls_locally_signed_cert',
  actions,
  values: { is_ca_certificate: false, allowed_uses: ['client_auth'], validity_period_hours: 24 },
});
const again = ['delete', 'create'];
const before = ['create', 'delete'];

export const plans: readonly CorpusCase[] = (
  [
    [
      'nothing changes',
      plan(firewall, droplet(['no-op']), ca(['no-op']), key(['no-op'])),
      [],
      'all is as it was',
    ],
    [
      'everything is created',
      plan({ ...firewall, actions: ['create'] }, droplet(['create']), ca(['create']), key(['create'])),
      [],
      'the first apply',
    ],
    ['the droplet is replaced', plan(firewall, droplet(again)), [replaces], 'its models go'],
    [
      'the droplet is replaced, the new one first',
      plan(firewall, droplet(before)),
      [replaces],
      'its models go as well',
    ],
    ['the droplet is changed in place', plan(firewall, droplet(['update'])), [], 'a size, a name'],
    ['the droplet is destroyed', plan(firewall, droplet(['delete'])), [destroys], 'its models go'],
    ['the droplet is forgotten', plan(firewall, droplet(['forget'])), [], 'it stays where it is'],
    [
      'the droplet has another name',
      plan(firewall, droplet(['delete'], 'old'), droplet(['create'], 'next')),
      [destroys],
      'the same as replaced',
    ],
    [
      'one of two droplets is replaced',
      plan(firewall, droplet(['no-op'], 'a'), droplet(again, 'b')),
      [replaces],
      'each counts',
    ],
    ['the CA is replaced', plan(ca(again), key(['no-op'])), [replaces], 'every certificate goes with it'],
    ["the CA's key is replaced", plan(ca(again), key(again)), [replaces], 'every certificate goes with it'],
    ['the CA is destroyed', plan(ca(['delete'])), [destroys], 'nothing can be issued'],
    [
      'a key that is no CA’s is replaced',
      plan(ca(['no-op']), key(['no-op']), key(again, 'ci')),
      [],
      'a rotation',
    ],
    [
      'a certificate is renewed',
      plan(ca(['no-op']), key(['no-op']), leaf(again)),
      [],
      'that is what they do',
    ],
    ['a certificate is destroyed', plan(leaf(['delete'])), [], 'a service left'],
    [
      'the firewall is replaced',
      plan({ ...firewall, actions: again }, droplet(['no-op'])),
      [],
      'the droplet stays',
    ],
    [
      'a release is brought again',
      plan({ type: 'terraform_data', actions: again }),
      [],
      'that is what it is for',
    ],
    [
      'a droplet that is there gets its firewall by id',
      plan(
        {
          type: 'digitalocean_firewall',
          actions: ['create'],
          values: { droplet_ids: [4711], inbound_rule: [] },
        },
        { type: 'digitalocean_droplet', actions: ['no-op'], values: { id: '4711', image: 'debian-13-x64' } },
      ),
      [],
      'it is there, and closed from then on',
    ],
    [
      'a droplet that is there has no firewall',
      plan({
        type: 'digitalocean_droplet',
        actions: ['no-op'],
        values: { id: '4711', image: 'debian-13-x64' },
      }),
      ['droplet-without-firewall'],
      'it is open',
    ],
    [
      'the firewall of a droplet is destroyed',
      plan({ ...firewall, actions: ['delete'] }, droplet(['no-op'])),
      ['droplet-without-firewall'],
      'it is open from then on',
    ],
    [
      'a rule with the model port is destroyed',
      plan({
        type: 'digitalocean_firewall',
        actions: ['delete'],
        values: {
          tags: ['a'],
          inbound_rule: [{ protocol: 'tcp', port_range: '11434', source_addresses: ['0.0.0.0/0'] }],
        },
      }),
      [],
      'it closes',
    ],
  ] as const
).map(([name, stack, finds, why]) => ({ name: `a plan: ${name}`, finds, why, stack }));
