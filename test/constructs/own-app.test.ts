import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DigitaloceanProvider } from '@cdktf/provider-digitalocean/lib/provider/index.js';
import { TlsProvider } from '@cdktf/provider-tls/lib/provider/index.js';
import { App } from 'cdktf/lib/app.js';
import { TerraformStack } from 'cdktf/lib/terraform-stack.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CertificateAuthority,
  GatewayFirewall,
  HardenedOllama,
  parseConfig,
  ServiceCertificate,
} from '../../lib/constructs/index.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { hostStack } from './support/deployed-stacks.ts';

describe('in an app of one’s own', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  async function synth(
    build: (stack: TerraformStack) => void,
  ): Promise<Record<string, Record<string, unknown>>> {
    const app = new App({ stackTraces: false, outdir: folder.path });
    const stack = new TerraformStack(app, 'own');
    new TlsProvider(stack, 'tls');
    build(stack);
    app.synth();
    const text = await readFile(join(folder.path, 'stacks/own/cdk.tf.json'), 'utf8');
    return (JSON.parse(text) as { resource: Record<string, Record<string, unknown>> }).resource;
  }

  it('certificates are made without a machine', async () => {
    const resources = await synth((stack) => {
      const authority = new CertificateAuthority(stack, 'ca', {
        commonName: 'own CA',
        organization: 'own',
        validityHours: 24,
      });
      new ServiceCertificate(stack, {
        stack: 'own',
        service: 'ci',
        generation: 2,
        authority,
        validityHours: 12,
        earlyRenewalHours: 4,
      });
    });
    expect(Object.keys(resources).sort()).toEqual([
      'tls_cert_request',
      'tls_locally_signed_cert',
      'tls_private_key',
      'tls_self_signed_cert',
    ]);
  });

  it('a firewall is made without a droplet', async () => {
    const resources = await synth((stack) => {
      new DigitaloceanProvider(stack, 'digitalocean', {});
      new GatewayFirewall(stack, 'firewall', {
        name: 'own',
        inbound: [{ protocol: 'tcp', port: 443, sources: ['192.0.2.0/24'], purpose: 'the gateway' }],
        outbound: [],
      });
    });
    const [firewall] = Object.values(resources['digitalocean_firewall'] ?? {}) as Record<string, unknown>[];
    expect(firewall?.['inbound_rule']).toMatchObject([
      { port_range: '443', source_addresses: ['192.0.2.0/24'] },
    ]);
  });

  it('a whole machine stands beside resources of the app', async () => {
    const stack = parseConfig({ stacks: { box: hostStack } }, 'test').stacks['box'];
    if (stack === undefined) throw new Error('the stack is gone');
    const resources = await synth((own) => {
      const ollama = new HardenedOllama(own, 'reviews', { stackName: 'box', stack });
      expect(ollama.certificates.services.map(({ service }) => service)).toEqual(['ci', 'live-review']);
    });
    expect(Object.keys(resources['terraform_data'] ?? {})).toHaveLength(2);
  });
});
