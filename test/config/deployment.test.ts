import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { minimal, problems } from './support/problems.ts';

const key = `ssh-ed25519 ${'A'.repeat(68)}`;
const reason = 'Test: nothing of value is kept there, agreed with operations.';

const host = { address: '192.0.2.10', hostKey: key };
const digitalocean = { region: 'fra1', size: 's-4vcpu-8gb' };

/** A stack that can be deployed to a host, with sections changed. */
function deployed(changes: Record<string, unknown> = {}): unknown {
  const stack = {
    ...minimal,
    target: { host },
    ssh: { sources: ['192.0.2.0/24'] },
    terraformState: { unencryptedReason: reason },
    ...changes,
  };
  return { stacks: { production: stack } };
}

/** A stack that can be deployed to a droplet. */
const droplet = (changes: Record<string, unknown> = {}): unknown =>
  deployed({
    target: { digitalocean },
    ssh: { sources: ['192.0.2.0/24'], adminKeys: { alice: key } },
    ...changes,
  });

const pathsOf = (raw: unknown): string[] =>
  problems(raw).map(({ path }) => path.replace('stacks.production.', ''));

describe('a deployment is accepted', () => {
  it.each<[string, unknown]>([
    ['to a host', deployed()],
    ['to a host by its name', deployed({ target: { host: { ...host, address: 'gpu.example.com' } } })],
    ['to a droplet', droplet()],
    [
      'with a state in Spaces',
      deployed({ terraformState: { spaces: { region: 'fra1', bucket: 'states' } } }),
    ],
    ['with a state that OpenTofu encrypts', deployed({ terraformState: { encryptedByOpenTofu: true } })],
    [
      'with SSH from everywhere and a reason',
      deployed({ ssh: { sources: ['::/0'], everywhereReason: reason } }),
    ],
    [
      'with SSH from both halves of everywhere and a reason',
      deployed({ ssh: { sources: ['0.0.0.0/1', '128.0.0.0/1'], everywhereReason: reason } }),
    ],
    [
      'with SSH from a /8 and private networks',
      deployed({ ssh: { sources: ['18.0.0.0/8', '10.0.0.0/8', 'fc00::/7'] } }),
    ],
    [
      'with an Ollama to install',
      deployed({ ollama: { install: { version: '0.31.2', sha256: 'a'.repeat(64) } } }),
    ],
    [
      'with an old Ollama and a reason',
      deployed({
        ollama: { install: { version: '0.17.4', sha256: 'a'.repeat(64), oldVersionReason: reason } },
      }),
    ],
  ])('%s', (_what, raw) => {
    expect(problems(raw)).toEqual([]);
  });

  it('by nobody but those whom the configuration names', () => {
    const stack = parseConfig(deployed(), 'f').stacks['production'];
    expect(stack?.firewall.gatewaySources).toEqual([]);
    expect(stack?.ollama.isolation).toBe('namespace');
  });
});

const inbound = (port: number) => ({ port, sources: ['192.0.2.5/32'], reason });

describe('a deployment is refused', () => {
  it.each<[string, unknown, string]>([
    ['two targets', droplet({ target: { host, digitalocean } }), 'target.digitalocean'],
    ['a state in clear without a word', deployed({ terraformState: {} }), 'terraformState'],
    [
      'a reason for a state that is encrypted',
      deployed({ terraformState: { encryptedByOpenTofu: true, unencryptedReason: reason } }),
      'terraformState.unencryptedReason',
    ],
    ['nobody may reach SSH', deployed({ ssh: {} }), 'ssh.sources'],
    [
      'SSH from both halves of IPv4',
      deployed({ ssh: { sources: ['0.0.0.0/1', '128.0.0.0/1'] } }),
      'ssh.sources',
    ],
    ['SSH from all of IPv4', deployed({ ssh: { sources: ['0.0.0.0/0'] } }), 'ssh.sources'],
    ['SSH from all of IPv6', deployed({ ssh: { sources: ['192.0.2.0/24', '::/0'] } }), 'ssh.sources'],
    [
      'a reason for SSH from everywhere that is not',
      deployed({ ssh: { sources: ['192.0.2.0/24'], everywhereReason: reason } }),
      'ssh.everywhereReason',
    ],
    ['a droplet without an administrator', droplet({ ssh: { sources: ['192.0.2.0/24'] } }), 'ssh.adminKeys'],
    [
      'alerts without monitoring',
      droplet({
        target: { digitalocean: { ...digitalocean, monitoring: false, alertEmails: ['a@b.example'] } },
      }),
      'target.digitalocean.alertEmails',
    ],
    [
      'an Ollama with known holes',
      deployed({ ollama: { install: { version: '0.31.1', sha256: 'a'.repeat(64) } } }),
      'ollama.install.version',
    ],
    [
      'a reason for a version that needs none',
      deployed({
        ollama: { install: { version: '1.0.0', sha256: 'a'.repeat(64), oldVersionReason: reason } },
      }),
      'ollama.install.oldVersionReason',
    ],
    [
      'a namespace with an address beyond loopback',
      deployed({ ollama: { host: '10.0.0.1:11434', nonLoopbackHostReason: reason } }),
      'ollama.isolation',
    ],
    [
      "Ollama's cloud from a namespace without a route",
      deployed({ ollama: { noCloud: false } }),
      'ollama.noCloud',
    ],
    [
      'a service with the name of the health check',
      deployed({ services: { health: {} } }),
      'services.health',
    ],
    ...(
      [
        ['Ollama, whose usual port it is', inbound(11_434), 'port'],
        ['Ollama where it is', inbound(4_711), 'port', { ollama: { host: '127.0.0.1:4711' } }],
        ['Ollama over UDP', { ...inbound(11_434), protocol: 'udp' }, 'port'],
        ['SSH', inbound(22), 'port'],
        ['the SSH of the target', inbound(2_222), 'port', { target: { host: { ...host, port: 2_222 } } }],
        ['the gateway', inbound(443), 'port'],
        ['the plain port', inbound(80), 'port'],
        ['nobody', { ...inbound(9_100), sources: [] }, 'sources'],
        ['a range', { ...inbound(9_100), port: '9100-9200' }, 'port'],
        ['no reason', { ...inbound(9_100), reason: undefined }, 'reason'],
        ['another protocol', { ...inbound(9_100), protocol: 'all' }, 'protocol'],
      ] as [string, object, string, object?][]
    ).map(([what, entry, field, more]): [string, unknown, string] => [
      `a further port for ${what}`,
      deployed({ ...more, firewall: { additionalInbound: [entry] } }),
      `firewall.additionalInbound[0].${field}`,
    ]),
    [
      'a further port that is there twice',
      deployed({ firewall: { additionalInbound: [inbound(9_100), inbound(9_100)] } }),
      'firewall.additionalInbound[1].port',
    ],
    ...['root', 'ollama', 'hardening-gateway'].map((user): [string, unknown, string] => [
      `the way out of ${user}`,
      deployed({ firewall: { outboundUsers: [user] } }),
      'firewall.outboundUsers[0]',
    ]),
  ])('%s', (_what, raw, path) => {
    expect(pathsOf(raw)).toEqual([path]);
  });

  it('but not for one port over both protocols', () => {
    const ports = [
      inbound(9_100),
      { ...inbound(9_100), protocol: 'udp' },
      { ...inbound(443), protocol: 'udp' },
    ];
    expect(problems(deployed({ firewall: { additionalInbound: ports, outboundUsers: ['backup'] } }))).toEqual(
      [],
    );
  });

  it.each([
    '10.0.0.1',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '2001:db8::1/32',
    '2001:db8::/129',
    '::ffff:10.0.0.1/96',
    'fe80::%eth0/64',
    '10.0.0.0/8\n',
    'all',
    '',
  ])('a network that is none, or has host bits: %j', (network) => {
    expect(pathsOf(deployed({ firewall: { gatewaySources: [network] } }))).toEqual([
      'firewall.gatewaySources[0]',
    ]);
  });

  it.each([
    '10.0.0.0/8',
    '10.1.2.3/32',
    '0.0.0.0/0',
    '::/0',
    '2001:DB8::/32',
    '2001:db8::1/128',
    '::ffff:10.0.0.0/104',
  ])('but not the network %s', (network) => {
    expect(problems(deployed({ firewall: { gatewaySources: [network] } }))).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['a comment', `${key} root@host`],
    ['an option', `command="x" ${key}`],
    ['a line break', `${key}\n${key}`],
    ['RSA', `ssh-rsa ${'A'.repeat(200)}`],
    ['nothing', ''],
  ])('a key with %s', (_what, wrong) => {
    expect(pathsOf(deployed({ target: { host: { ...host, hostKey: wrong } } }))).toEqual([
      'target.host.hostKey',
    ]);
    expect(pathsOf(droplet({ ssh: { sources: ['192.0.2.0/24'], adminKeys: { alice: wrong } } }))).toEqual([
      'ssh.adminKeys.alice',
    ]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a user that is an option', { target: { host: { ...host, user: '-root' } } }, 'target.host.user'],
    ['a user with a shell word', { target: { host: { ...host, user: 'a;b' } } }, 'target.host.user'],
    [
      'an address with a port',
      { target: { host: { ...host, address: '192.0.2.1:22' } } },
      'target.host.address',
    ],
    ['an archive without TLS', install('http://mirror.example/o.tar.zst'), 'ollama.install.url'],
    ['an archive with a password', install('https://u:p@mirror.example/o.tar.zst'), 'ollama.install.url'],
    ['an archive with a shell word', install('https://mirror.example/$(id)'), 'ollama.install.url'],
    [
      'a name of an administrator',
      { ssh: { sources: ['192.0.2.0/24'], adminKeys: { 'A b': key } } },
      'ssh.adminKeys["A b"]',
    ],
  ])('%s', (_what, changes, path) => {
    expect(pathsOf(deployed(changes))).toEqual([path]);
  });
});

function install(url: string): Record<string, unknown> {
  return { ollama: { install: { version: '0.31.2', sha256: 'a'.repeat(64), url } } };
}
