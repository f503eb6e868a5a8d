import { beforeAll, describe, expect, it } from 'vitest';
import { fullStack } from '../support/example-stacks.ts';
import type { StackInput } from '../support/test-gateway.ts';
import { dropletStack, hostStack } from './support/deployed-stacks.ts';
import { synthesized, type Block, type Synthesized } from './support/synthesized.ts';

const inbound = (stack: Synthesized): Block[] =>
  stack.one('digitalocean_firewall')['inbound_rule'] as Block[];
const outbound = (stack: Synthesized): Block[] =>
  stack.one('digitalocean_firewall')['outbound_rule'] as Block[];
const tcp = (port: number, sources: readonly string[]): Block => ({
  protocol: 'tcp',
  port_range: String(port),
  source_addresses: sources,
});

describe('the firewall of a droplet', () => {
  let full: Synthesized;
  let least: Synthesized;
  beforeAll(async () => {
    full = await synthesized('production', fullStack);
    least = await synthesized('production', dropletStack);
  });

  it('lets in SSH from ssh.sources, the gateway from firewall.gatewaySources, what is written down with a reason, and nothing else', () => {
    const gateway = ['198.51.100.0/24', '2001:db8:1::/48'];
    expect(inbound(full)).toEqual([
      tcp(22, ['192.0.2.0/24', '2001:db8::/32']),
      tcp(443, gateway),
      tcp(80, gateway),
      tcp(9_100, ['192.0.2.5/32']),
      { ...tcp(51_820, ['0.0.0.0/0', '::/0']), protocol: 'udp' },
    ]);
  });

  it('lets nobody to the gateway unless the configuration says who', () => {
    expect(inbound(least)).toEqual([tcp(22, ['192.0.2.0/24'])]);
  });

  it('has no rule for the plain port where that is off', async () => {
    const gateway = { serverNames: ['models.example.com'], plainListenPort: false as const };
    const firewall = { gatewaySources: ['198.51.100.7/32'] };
    const stack = await synthesized('production', { ...dropletStack, gateway, firewall });
    expect(inbound(stack)).toEqual([tcp(22, ['192.0.2.0/24']), tcp(443, ['198.51.100.7/32'])]);
  });

  it('follows the ports of the gateway', async () => {
    const gateway = { serverNames: ['models.example.com'], listenPort: 8443, plainListenPort: 8080 };
    const firewall = { gatewaySources: ['198.51.100.7/32'] };
    const stack = await synthesized('production', { ...dropletStack, gateway, firewall });
    expect(inbound(stack).map((rule) => rule['port_range'])).toEqual(['22', '8443', '8080']);
  });

  it('lets out DNS, NTP, HTTP and HTTPS, and nothing else', () => {
    expect(outbound(full).map((rule) => `${String(rule['port_range'])}/${String(rule['protocol'])}`)).toEqual(
      ['53/udp', '53/tcp', '123/udp', '80/tcp', '443/tcp'],
    );
  });

  it.each<[string, StackInput]>([
    ['the default port', fullStack],
    ['the least', dropletStack],
  ])('has the port of Ollama in no rule, no range and not all ports: %s', async (_name, input) => {
    const stack = await synthesized('production', input);
    for (const rule of [...inbound(stack), ...outbound(stack)]) {
      expect(rule['port_range']).toMatch(/^(?:22|53|80|123|443|9100|51820)$/);
    }
    expect(JSON.stringify(stack.one('digitalocean_firewall'))).not.toMatch(/1143[45]/);
  });

  it('is there before the droplet, which is behind it by a tag that exists', () => {
    const [tag] = full.addresses.filter((address) => address.startsWith('digitalocean_tag.'));
    const [firewall] = full.addresses.filter((address) => address.startsWith('digitalocean_firewall.'));
    expect(full.one('digitalocean_firewall')['tags']).toEqual([`\${${String(tag)}.name}`]);
    expect(full.one('digitalocean_firewall')).not.toHaveProperty('droplet_ids');
    expect(full.one('digitalocean_droplet')).toMatchObject({
      tags: [`\${${String(tag)}.name}`],
      depends_on: [firewall],
    });
  });

  it('is not made for a machine that exists', async () => {
    const host = await synthesized('box', hostStack);
    expect(host.addresses.filter((address) => address.startsWith('digitalocean_'))).toEqual([]);
    expect(host.json['provider']).not.toHaveProperty('digitalocean');
  });
});
