import type { Block } from '../support/corpus-case.ts';

/** Parts that most stacks of the corpus are made of: each is safe. */

export const admins = ['192.0.2.0/24', '2001:db8::/32'];
export const clients = ['198.51.100.0/24'];

export const inbound = (port: unknown, sources: readonly unknown[], protocol = 'tcp'): Block => ({
  protocol,
  port_range: port,
  source_addresses: sources,
});

export const ssh = inbound('22', admins);
export const gateway = inbound('443', clients);

export const tag = (name = 'web'): Block => ({ [name]: { name } });
export const tagOf = (name = 'web'): string => `\${digitalocean_tag.${name}.name}`;

export const firewall = (rules: readonly unknown[], more: Block = {}): Block => ({
  name: 'web',
  tags: [tagOf()],
  inbound_rule: rules,
  outbound_rule: [{ protocol: 'tcp', port_range: 'all', destination_addresses: ['0.0.0.0/0', '::/0'] }],
  ...more,
});

export const droplet = (more: Block = {}): Block => ({
  name: 'web',
  image: 'debian-13-x64',
  region: 'fra1',
  size: 's-4vcpu-8gb',
  tags: [tagOf()],
  depends_on: ['digitalocean_firewall.web'],
  ...more,
});

/** A droplet behind a firewall with these rules; `more` is merged into the resources by type. */
export const behind = (rules: readonly unknown[], more: Block = {}, top: Block = {}): Block => ({
  resource: {
    digitalocean_tag: tag(),
    digitalocean_firewall: { web: firewall(rules) },
    digitalocean_droplet: { web: droplet() },
    ...more,
  },
  ...top,
});

/** A droplet with this user_data. */
export const booted = (userData: unknown, more: Block = {}, top: Block = {}): Block =>
  behind([ssh, gateway], { digitalocean_droplet: { web: droplet({ user_data: userData }) }, ...more }, top);

/** A state that OpenTofu encrypts, for stacks with keys. */
export const encrypted: Block = {
  backend: { local: { path: 'x.tfstate' } },
  encryption: { state: { enforced: true }, plan: { enforced: true } },
};

export const key = (more: Block = {}): Block => ({ algorithm: 'ECDSA', ecdsa_curve: 'P256', ...more });

export const hostKey: Block = { host: { algorithm: 'ED25519' } };

export const authority: Block = {
  private_key_pem: '${tls_private_key.ca.private_key_pem}',
  is_ca_certificate: true,
  set_subject_key_id: true,
  allowed_uses: ['cert_signing', 'crl_signing'],
  validity_period_hours: 24_000,
  subject: [{ common_name: 'CA', organization: 'production' }],
};

export const leaf = (more: Block = {}): Block => ({
  cert_request_pem: '${tls_cert_request.ci.cert_request_pem}',
  ca_cert_pem: '${tls_self_signed_cert.ca.cert_pem}',
  ca_private_key_pem: '${tls_private_key.ca.private_key_pem}',
  is_ca_certificate: false,
  allowed_uses: ['digital_signature', 'client_auth'],
  validity_period_hours: 2_160,
  ...more,
});

/** A CA and one client certificate; each part can be replaced. */
export const pki = (
  parts: { readonly ca?: Block; readonly leaf?: Block; readonly keys?: Block; readonly top?: Block } = {},
): Block => ({
  terraform: encrypted,
  resource: {
    tls_private_key: { ca: key(), ci: key(), ...parts.keys },
    tls_self_signed_cert: { ca: { ...authority, ...parts.ca } },
    tls_cert_request: {
      ci: { private_key_pem: '${tls_private_key.ci.private_key_pem}', subject: [{ common_name: 'ci' }] },
    },
    tls_locally_signed_cert: { ci: leaf(parts.leaf) },
  },
  ...parts.top,
});

const beginning = (kind: string): string =>
  kind.includes('PRIVATE') ? 'MC4CAQAwBQYDK2VwBCIEIA' : 'MCowBQYDK2VwAyEAGb9ECWm';

/** The frame of a key or a certificate around the beginning of one, put together at run time: it is none, and looks like one. */
export const pem = (kind = 'PRIVATE KEY'): string =>
  ['-----BEGIN ', kind, '-----\n', beginning(kind).repeat(2), '\n-----END ', kind, '-----\n'].join('');

/** Forms of tokens, put together at run time: they are none, and look like one. */
const form = (...parts: readonly string[]): string => parts.join('');
export const token = {
  digitalOcean: form('dop', '_v1_', 'a1b2'.repeat(16)),
  gitHub: form('ghp', '_', 'A1b2C3d4E'.repeat(4)),
  gitHubFine: form('github', '_pat_', '11ABCDEFG0'.repeat(4)),
  gitLab: form('glpat', '-', 'A1b2C3d4E5'.repeat(2)),
  aws: form('AKI', 'A', 'ABCDEFGH'.repeat(2)),
  slack: form('xox', 'b-', '123456789012-'.repeat(2), 'abc'),
} as const;
