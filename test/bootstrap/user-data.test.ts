import { describe, expect, it } from 'vitest';
import { cloudConfig } from '../../lib/bootstrap/user-data.ts';
import { parseConfig } from '../../lib/config/parse.ts';
import { resolveInfrastructure } from '../../lib/model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { publicKey } from '../constructs/support/deployed-stacks.ts';
import { fullStack } from '../support/example-stacks.ts';
import type { StackInput } from '../support/test-gateway.ts';

const hostKey = { privateKeyOpenSsh: '<the private host key>', publicKeyOpenSsh: '<the public host key>' };

interface CloudConfig {
  readonly users: readonly Record<string, unknown>[];
  readonly write_files: readonly {
    readonly path: string;
    readonly content: string;
    readonly encoding: string;
  }[];
  readonly [key: string]: unknown;
}

function userDataOf(input: unknown): CloudConfig {
  const stack = parseConfig({ stacks: { production: input } }, 'test').stacks['production'];
  if (stack === undefined) throw new Error('the stack is gone');
  const { target } = resolveInfrastructure(resolve('production', stack), stack);
  if (target?.kind !== 'digitalocean') throw new Error('the stack has no droplet');
  return cloudConfig(target.bootstrap, hostKey) as CloudConfig;
}

const fileOf = (config: CloudConfig, path: string): string => {
  const file = config.write_files.find((one) => one.path === path);
  if (file === undefined) throw new Error(`there is no ${path}`);
  return Buffer.from(file.content, 'base64').toString();
};

describe('the user_data of a droplet', () => {
  const full = userDataOf(fullStack);

  it('makes one administrator, who logs in by key and never by password', () => {
    expect(full.users[0]).toEqual({
      name: 'operator',
      gecos: 'Administrators',
      shell: '/bin/bash',
      sudo: 'ALL=(ALL) NOPASSWD:ALL',
      lock_passwd: true,
      ssh_authorized_keys: [publicKey('A')],
    });
    expect(full).toMatchObject({ disable_root: true, ssh_pwauth: false });
    expect(full['runcmd']).toContainEqual(['passwd', '--lock', 'root']);
  });

  it('brings the host key that deployments pin, and no other', () => {
    expect(full).toMatchObject({
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: '<the private host key>', ed25519_public: '<the public host key>' },
    });
    expect(
      fileOf(full, '/etc/ssh/sshd_config.d/20-hardening-bootstrap.conf').match(/^HostKey .*$/gm),
    ).toEqual(['HostKey /etc/ssh/ssh_host_ed25519_key']);
  });

  it('writes these files and does nothing beyond', () => {
    expect(full.write_files.map(({ path }) => path)).toEqual([
      '/etc/hardening-bootstrap/nftables.nft',
      '/etc/ssh/sshd_config.d/20-hardening-bootstrap.conf',
      '/etc/systemd/system/hardening-bootstrap-firewall.service',
    ]);
    expect(Object.keys(full).sort()).toEqual([
      'disable_root',
      'runcmd',
      'ssh_deletekeys',
      'ssh_keys',
      'ssh_pwauth',
      'users',
      'write_files',
    ]);
  });

  it.each([...full.write_files.map(({ path }) => path)])('writes %s as it was', async (path) => {
    await expect(fileOf(full, path)).toMatchFileSnapshot(`__snapshots__${path}`);
  });

  it('lets the metrics agent to the metadata only where there is one', () => {
    const without = userDataOf({
      ...fullStack,
      target: { digitalocean: { region: 'fra1', size: 's-4vcpu-8gb', monitoring: false } },
    });
    expect(full.users.map(({ name }) => name)).toEqual(['operator', 'do-agent']);
    expect(without.users.map(({ name }) => name)).toEqual(['operator']);
    expect(fileOf(without, '/etc/hardening-bootstrap/nftables.nft')).not.toContain('do-agent');
  });
});

/** What reaches user_data. On a droplet that exists a change of it has no effect: user_data is under ignore_changes. */
const reaching = ['ssh.adminUser', 'ssh.adminKeys.', 'ssh.sources[', 'target.digitalocean.monitoring'];

/** Another value for each text of the full configuration; numbers and switches need none. */
const otherTexts: Readonly<Record<string, string>> = {
  'target.distribution': 'debian-12',
  'target.digitalocean.region': 'ams3',
  'target.digitalocean.size': 's-8vcpu-16gb',
  'target.digitalocean.project': 'Another project',
  'ollama.host': '127.0.0.1:11436',
  'ollama.keepAlive': '5m',
  'ollama.isolation': 'namespace',
  'ollama.profile': 'cpu',
  'ollama.install.version': '0.31.3',
  'ollama.install.sha256': 'fedcba9876543210'.repeat(4),
  'ollama.install.url': 'https://other.example/ollama.tar.zst',
  'ollama.models[0].name': 'other:1b',
  'ollama.models[0].digest': `sha256:${'fedcba9876543210'.repeat(4)}`,
  'gateway.listenAddress': '192.0.2.10',
  'services.dashboard.routes[0]': 'GET /api/tags',
  'services.dashboard.routes[1]': 'GET /api/ps',
  'services.live-review.routes[0]': 'GET /api/tags',
  'services.live-review.routes[1]': 'GET /api/ps',
};

function otherValue(path: string, value: unknown): unknown {
  if (typeof value === 'number') return path === 'gateway.plainListenPort' ? false : value - 1;
  if (typeof value === 'boolean') return !value;
  if (/^target\.digitalocean\.alertEmails/.test(path)) return 'other@example.com';
  if (/^firewall\..*ources\[\d\]$/.test(path)) return '203.0.113.0/24';
  if (/^firewall\..*\.reason$/.test(path)) return 'Another reason, written for a test.';
  if (/^firewall\..*\.protocol$/.test(path)) return 'tcp';
  if (/^firewall\.outboundUsers/.test(path)) return 'another';
  if (/^gateway\.serverNames/.test(path)) return 'other.example.com';
  if (path === 'terraformState.spaces.region') return 'ams3';
  if (path === 'terraformState.spaces.bucket') return 'another-bucket';
  return otherTexts[path];
}

interface Leaf {
  readonly path: string;
  readonly value: unknown;
  /** A copy of the configuration with another value here. */
  readonly change: (value: unknown) => unknown;
}

function leavesOf(value: unknown, path = '', rebuild: (value: unknown) => unknown = (one) => one): Leaf[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) =>
      leavesOf(item, `${path}[${index}]`, (other) =>
        rebuild(value.map((old: unknown, at) => (at === index ? other : old))),
      ),
    );
  }
  if (typeof value !== 'object' || value === null) return [{ path, value, change: rebuild }];
  return Object.entries(value).flatMap(([key, item]) =>
    leavesOf(item, path === '' ? key : `${path}.${key}`, (other) => rebuild({ ...value, [key]: other })),
  );
}

describe('user_data stays the same when another value is given for', () => {
  const before = JSON.stringify(userDataOf(fullStack));
  const leaves = leavesOf(fullStack);
  const others = leaves.filter(({ path }) => !reaching.some((start) => path.startsWith(start)));

  it.each(others.map((leaf) => [leaf.path, leaf] as const))('%s', (path, { value, change }) => {
    const other = otherValue(path, value);
    expect(other).not.toBe(value);
    expect(other).toBeDefined();
    const changed = change(other) as StackInput;
    // A namespace is refused beside a setting that needs a route out.
    const { ollama } = changed;
    const input =
      path === 'ollama.isolation' ? { ...changed, ollama: { ...ollama, noCloud: true } } : changed;
    expect(JSON.stringify(userDataOf(input))).toBe(before);
  });

  it('a service that comes or goes', () => {
    const services: StackInput['services'] = { ...fullStack.services, newcomer: {} };
    expect(JSON.stringify(userDataOf({ ...fullStack, services }))).toBe(before);
    expect(JSON.stringify(userDataOf({ ...fullStack, services: {} }))).toBe(before);
  });

  it('and not for the few fields that it is made of', () => {
    const changed = leaves
      .filter(({ path }) => reaching.some((start) => path.startsWith(start)))
      .map(({ path, change }) => {
        if (path === 'target.digitalocean.monitoring') {
          const { target } = change(false) as StackInput;
          const digitalocean = { ...target?.digitalocean, alertEmails: [] };
          return userDataOf({ ...fullStack, target: { digitalocean } });
        }
        if (path.startsWith('ssh.adminKeys')) return userDataOf(change(publicKey('B')));
        return userDataOf(change(path === 'ssh.adminUser' ? 'another' : '203.0.113.0/24'));
      });
    expect(changed).toHaveLength(5);
    for (const config of changed) expect(JSON.stringify(config)).not.toBe(before);
  });
});
