import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import type { Deployment } from '../../lib/model/deployment.ts';
import { resolveInfrastructure } from '../../lib/model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { render } from '../../lib/render/render.ts';
import { fullStack, minimalStack } from '../support/example-stacks.ts';
import type { StackInput } from '../support/test-gateway.ts';

function deployment(more: Partial<StackInput> = {}): Deployment {
  const stack = parseConfig({ stacks: { trial: { ...minimalStack, ...more } } }, 'test').stacks['trial'];
  if (stack === undefined) throw new Error('the stack is gone');
  return resolve('trial', stack);
}

const machine = (more: Partial<StackInput> = {}) => deployment(more).machine;
const key = `ssh-ed25519 ${'A'.repeat(68)}`;
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const deployed = { ssh: { sources: ['192.0.2.0/24'] }, terraformState: { encryptedByOpenTofu: true } };
const onDroplet = (more: object = {}): Partial<StackInput> => ({
  ...deployed,
  ssh: { ...deployed.ssh, adminKeys: { alice: key } },
  target: { digitalocean: { region: 'fra1', size: 's-1vcpu-1gb', ...more } },
});

describe("Ollama's unit", () => {
  it('keeps the program that is on the machine, unless one is to be installed', () => {
    expect(machine().ollama).toMatchObject({ program: '/usr/local/bin/ollama', installDirectory: undefined });
    const install = { version: '0.31.2', sha256: '0123456789abcdef'.repeat(4) };
    expect(machine({ ollama: { install } }).ollama).toMatchObject({
      program: '/opt/hardening/ollama/0.31.2-0123456789ab/bin/ollama',
      installDirectory: '/opt/hardening/ollama/0.31.2-0123456789ab',
    });
  });

  it.each<[string, StackInput['ollama'], boolean, boolean]>([
    ['in a namespace, nothing but loopback', {}, true, true],
    ['over loopback, nothing else either', { isolation: 'loopback' }, false, true],
    ["but with Ollama's cloud, the world", { isolation: 'loopback', noCloud: false }, false, false],
    [
      'and with a listener beyond loopback, its callers',
      {
        isolation: 'loopback',
        host: '0.0.0.0:11434',
        nonLoopbackHostReason: 'tried in a test, by its author',
      },
      false,
      false,
    ],
  ])('%s', (_what, ollama, isIsolated, isLoopbackOnly) => {
    expect(machine({ ollama }).ollama).toMatchObject({ isIsolated, isLoopbackOnly });
  });

  it('has the limits and devices of the configuration', () => {
    const { ollama } = machine({ ollama: { profile: 'gpu', memoryMaxMiB: 1_024, tasksMax: 100 } });
    expect(ollama).toMatchObject({ hasGpu: true, memoryMaxMiB: 1_024, tasksMax: 100 });
    expect(ollama.variables.map(({ name }) => name)).not.toContain('OLLAMA_VULKAN');
    expect(machine().ollama.variables).toContainEqual({ name: 'OLLAMA_VULKAN', value: '0' });
  });
});

describe('the files that a machine does not get', () => {
  const units = 'etc/systemd/system';
  it.each<[string, Partial<StackInput>, string[]]>([
    ['the proxy, over loopback', { ollama: { isolation: 'loopback' } }, ['hardening-ollama-proxy.service', 'hardening-ollama-proxy.socket'].map((name) => `${units}/${name}`)], // prettier-ignore
    ['what fetches models, without models', {}, [`${units}/hardening-models.service`, 'usr/local/lib/hardening/pull-models']], // prettier-ignore
    ['the administrators, without keys', {}, ['etc/hardening/ssh/administrators']],
    ['the volume, without one', onDroplet(), [`${units}/usr-share-ollama-.ollama-models.mount`]],
  ])('%s', (_what, more, absent) => {
    const tree = render(deployment(more));
    const everything = render(
      deployment({ ...onDroplet({ modelsVolumeGiB: 1 }), ollama: { models: [{ name: 'a' }] } }),
    );
    for (const path of absent) {
      expect(tree.has(path)).toBe(false);
      expect(everything.has(path)).toBe(true);
    }
  });

  it('programs are executable, and nothing else is', () => {
    const tree = render(deployment({ ollama: { models: [{ name: 'a' }] } }));
    expect([...tree].filter(([, file]) => file.mode === 0o755).map(([path]) => path)).toEqual([
      'usr/local/lib/hardening/load-nftables',
      'usr/local/lib/hardening/pull-models',
      'usr/local/lib/hardening/report-certificates',
    ]);
    for (const [path, file] of tree) expect([path, file.content.startsWith('#!')]).toEqual([path, file.mode === 0o755]); // prettier-ignore
  });
});

describe('models', () => {
  it.each([
    ['qwen2.5-coder', 'registry.ollama.ai/library/qwen2.5-coder:latest'],
    ['qwen2.5-coder:7b', 'registry.ollama.ai/library/qwen2.5-coder:7b'],
    ['someone/model:1', 'registry.ollama.ai/someone/model:1'],
    ['hf.co/someone/model:Q4_K_M', 'hf.co/someone/model:Q4_K_M'],
  ])('%s is %s', (name, reference) => {
    expect(machine({ ollama: { models: [{ name }] } }).models).toEqual([{ reference }]);
    expect(machine({ ollama: { models: [{ name, digest }] } }).models).toEqual([
      { reference: `${reference}@${digest}` },
    ]);
  });

  it.each(['a:..', 'a:.', '../a', 'a/../b:1'])('%s is no name', (name) => {
    expect(() => machine({ ollama: { models: [{ name }] } })).toThrow('models[0].name');
  });

  it('are on the volume that terraform makes', () => {
    const more = onDroplet({ modelsVolumeGiB: 10 });
    const stack = parseConfig({ stacks: { trial: { ...minimalStack, ...more } } }, 'test').stacks['trial'];
    if (stack === undefined) throw new Error('the stack is gone');
    const { target } = resolveInfrastructure(deployment(more), stack);
    const resourceName = target?.kind === 'digitalocean' ? target.resourceName : '';
    expect(machine(more).modelsVolume).toBe(`${resourceName}-models`);
  });
});

describe('the packet filter', () => {
  it('opens a port to the networks that are named for it, and none to nobody', () => {
    expect(machine().firewall).toMatchObject({ inbound: [], openPorts: [], hasOpenPorts: false });
    const { firewall } = machine({ ...fullStack, services: {} });
    expect(firewall.openPorts).toEqual([22, 443, 80, 9_100]);
    expect(firewall.openUdpPorts).toEqual([68, 546, 51_820]);
    expect(firewall.inbound.map(({ port, ipv4, ipv6 }) => ({ port, ipv4, ipv6 }))).toEqual([
      { port: 22, ipv4: ['192.0.2.0/24'], ipv6: ['2001:db8::/32'] },
      { port: 443, ipv4: ['198.51.100.0/24'], ipv6: ['2001:db8:1::/48'] },
      { port: 80, ipv4: ['198.51.100.0/24'], ipv6: ['2001:db8:1::/48'] },
      { port: 9_100, ipv4: ['192.0.2.5/32'], ipv6: [] },
      { port: 51_820, ipv4: ['0.0.0.0/0'], ipv6: ['::/0'] },
    ]);
  });

  it("opens the target's own port of SSH", () => {
    const host = { address: '192.0.2.1', port: 2_222, hostKey: key };
    expect(machine({ ...deployed, target: { host } }).firewall.openPorts).toEqual([2_222]);
  });

  it('never opens the port of Ollama', () => {
    const text = render(deployment(fullStack)).get('etc/hardening/nftables/hardening.nft')?.content;
    expect(text).not.toMatch(/1143[45]/);
  });

  it('lets the metrics agent out where it is, and whoever else has a reason', () => {
    expect(machine(onDroplet({ monitoring: false })).firewall.metadataUsers).toEqual(['root']);
    expect(machine(onDroplet()).firewall).toMatchObject({
      metadataUsers: ['root', 'do-agent'],
      webUsers: ['_apt', 'do-agent'],
      modelsGroup: undefined,
    });
    expect(machine({ ollama: { isolation: 'loopback', noCloud: false } }).firewall.webUsers).toEqual(['_apt', 'ollama']); // prettier-ignore
    expect(machine({ ollama: { models: [{ name: 'a' }] } }).firewall.modelsGroup).toBe('hardening-models');
  });
});

describe('the SSH server', () => {
  const host = (user: string): Partial<StackInput> => ({
    ...deployed,
    target: { host: { address: '192.0.2.1', user, hostKey: key } },
  });

  it('lets root in only where releases come as root', () => {
    expect(machine(host('root')).sshServer.rootMayLogIn).toBe(true);
    expect(machine(host('debian')).sshServer.rootMayLogIn).toBe(false);
    expect(machine(onDroplet()).sshServer.rootMayLogIn).toBe(false);
  });

  it('offers one host key on a droplet, and the pinned type elsewhere', () => {
    expect(machine(onDroplet()).sshServer).toMatchObject({
      hostKey: '/etc/ssh/ssh_host_ed25519_key',
      hostKeyAlgorithm: 'ssh-ed25519',
    });
    expect(machine(host('root')).sshServer).toMatchObject({
      hostKey: undefined,
      hostKeyAlgorithm: 'ssh-ed25519',
    });
    expect(machine().sshServer).toMatchObject({ hostKey: undefined, hostKeyAlgorithm: undefined });
  });

  it("gives the configuration's keys to the administrators of a droplet alone, to whoever deploys elsewhere beside the own", () => {
    expect(machine(onDroplet()).sshServer.administrators).toEqual({
      user: 'hardening-admin',
      keepsOwnKeys: false,
      keys: [{ name: 'alice', key }],
    });
    const { ssh, ...rest } = host('debian');
    const withKeys = { ...rest, ssh: { ...ssh, adminKeys: { alice: key } } };
    expect(machine(withKeys).sshServer.administrators).toMatchObject({ user: 'debian', keepsOwnKeys: true });
  });
});
