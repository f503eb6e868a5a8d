import { beforeAll, describe, expect, it } from 'vitest';
import { fullStack } from '../support/example-stacks.ts';
import type { StackInput } from '../support/test-gateway.ts';
import { dropletStack } from './support/deployed-stacks.ts';
import { at, synthesized, type Synthesized } from './support/synthesized.ts';

const droplet = dropletStack.target?.digitalocean;
if (droplet === undefined) throw new Error('the example has no droplet');
const withDroplet = (fields: object): StackInput => ({
  ...dropletStack,
  target: { digitalocean: { ...droplet, ...fields } },
});
const optional = [
  'digitalocean_reserved_ip',
  'digitalocean_reserved_ip_assignment',
  'digitalocean_volume',
  'digitalocean_volume_attachment',
  'digitalocean_monitor_alert',
  'digitalocean_project_resources',
];

describe('a droplet', () => {
  let full: Synthesized;
  let least: Synthesized;
  beforeAll(async () => {
    full = await synthesized('production', fullStack);
    least = await synthesized('production', dropletStack);
  });

  it('has region, size, name and a network of its own', () => {
    expect(least.one('digitalocean_droplet')).toMatchObject({
      name: 'production',
      region: 'fra1',
      size: 's-4vcpu-8gb',
      vpc_uuid: expect.stringMatching(/^\$\{digitalocean_vpc\.\w+\.id\}$/) as string,
    });
    expect(least.one('digitalocean_vpc')).toMatchObject({ name: 'hardening-production', region: 'fra1' });
  });

  it.each([
    ['debian-12', 'debian-12-x64'],
    ['debian-13', 'debian-13-x64'],
    ['ubuntu-24.04', 'ubuntu-24-04-x64'],
  ] as const)('of %s is made from the image %s', async (distribution, image) => {
    const target = { distribution, digitalocean: droplet };
    const stack = await synthesized('production', { ...dropletStack, target });
    expect(stack.one('digitalocean_droplet')['image']).toBe(image);
  });

  it('is not replaced when administrators come and go', () => {
    expect(least.one('digitalocean_droplet')['lifecycle']).toEqual({
      ignore_changes: ['user_data', 'ssh_keys'],
    });
  });

  it('lets in no agent of the web console, and no key of the account', () => {
    expect(least.one('digitalocean_droplet')['droplet_agent']).toBe(false);
    expect(least.one('digitalocean_droplet')).not.toHaveProperty('ssh_keys');
  });

  it('has nothing beside it that is not asked for', () => {
    expect(optional.flatMap((type) => least.all(type))).toEqual([]);
    expect(least.json).not.toHaveProperty('data');
    expect(least.one('digitalocean_droplet')).toMatchObject({ backups: false, monitoring: true });
  });

  it('has backups, and no metrics agent, where the configuration says so', async () => {
    const stack = await synthesized('production', withDroplet({ backups: true, monitoring: false }));
    expect(stack.one('digitalocean_droplet')).toMatchObject({ backups: true, monitoring: false });
  });

  it('has an address that outlives it, which the output names', () => {
    expect(full.one('digitalocean_reserved_ip')['region']).toBe('fra1');
    const [address] = full.addresses.filter((one) => one.startsWith('digitalocean_reserved_ip.'));
    expect(full.one('digitalocean_reserved_ip_assignment')).toMatchObject({
      ip_address: `\${${String(address)}.ip_address}`,
      droplet_id: expect.stringMatching(/^\$\{digitalocean_droplet\.\w+\.id\}$/) as string,
    });
    expect(at(full.json, 'output', 'address', 'value')).toBe(`\${${String(address)}.ip_address}`);
    expect(at(least.json, 'output', 'address', 'value')).toMatch(
      /^\$\{digitalocean_droplet\.\w+\.ipv4_address\}$/,
    );
  });

  it('has a volume for models of the configured size, attached', () => {
    expect(full.one('digitalocean_volume')).toMatchObject({
      name: 'hardening-production-models',
      size: 100,
      region: 'fra1',
      initial_filesystem_type: 'ext4',
    });
    expect(full.one('digitalocean_volume_attachment')).toMatchObject({
      volume_id: expect.stringMatching(/^\$\{digitalocean_volume\./) as string,
      droplet_id: expect.stringMatching(/^\$\{digitalocean_droplet\./) as string,
    });
  });

  it('is listed in its project with all that follows it there', () => {
    expect(at(full.json, 'data', 'digitalocean_project')).toMatchObject(
      Object.fromEntries(
        Object.keys(at(full.json, 'data', 'digitalocean_project') as object).map((name) => [
          name,
          { name: 'Code review' },
        ]),
      ),
    );
    expect(full.one('digitalocean_project_resources')['resources']).toEqual([
      expect.stringMatching(/^\$\{digitalocean_droplet\.\w+\.urn\}$/),
      expect.stringMatching(/^\$\{digitalocean_reserved_ip\.\S+\.urn\}$/),
      expect.stringMatching(/^\$\{digitalocean_volume\.\S+\.urn\}$/),
    ]);
  });

  it('warns about CPU, memory and disk above 90 % for ten minutes', () => {
    expect(full.all('digitalocean_monitor_alert').map(({ type }) => type)).toEqual([
      'v1/insights/droplet/cpu',
      'v1/insights/droplet/disk_utilization_percent',
      'v1/insights/droplet/memory_utilization_percent',
    ]);
    for (const alert of full.all('digitalocean_monitor_alert')) {
      expect(alert).toMatchObject({
        compare: 'GreaterThan',
        value: 90,
        window: '10m',
        enabled: true,
        alerts: { email: ['ops@example.com'] },
        entities: [expect.stringMatching(/^\$\{digitalocean_droplet\.\w+\.id\}$/)],
      });
    }
  });

  it('talks to another API where the configuration names one', async () => {
    const stack = await synthesized('production', withDroplet({ apiEndpoint: 'http://127.0.0.1:8080' }));
    expect(at(stack.json, 'provider', 'digitalocean')).toEqual([{ api_endpoint: 'http://127.0.0.1:8080' }]);
    expect(at(least.json, 'provider', 'digitalocean')).toEqual([{}]);
  });
});
