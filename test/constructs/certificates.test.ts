import { beforeAll, describe, expect, it } from 'vitest';
import { hostStack } from './support/deployed-stacks.ts';
import { at, synthesized, type Block, type Synthesized } from './support/synthesized.ts';

describe('the certificates', () => {
  let stack: Synthesized;
  const named = (type: string, part: string): Block => {
    const found = Object.entries(at(stack.json, 'resource', type) as Record<string, Block>).filter(([name]) =>
      name.startsWith(`ollama_${part}_`),
    );
    if (found.length !== 1) throw new Error(`not one ${type} of ${part}`);
    return found[0]?.[1] ?? {};
  };
  beforeAll(async () => {
    stack = await synthesized('box', hostStack);
  });

  it('have keys on P-256 throughout', () => {
    expect(stack.all('tls_private_key')).toHaveLength(5);
    for (const key of stack.all('tls_private_key')) {
      expect(key).toMatchObject({ algorithm: 'ECDSA', ecdsa_curve: 'P256' });
    }
  });

  it('come from one CA that signs certificates and lists of the revoked, and is not renewed early', () => {
    expect(stack.one('tls_self_signed_cert')).toMatchObject({
      is_ca_certificate: true,
      set_subject_key_id: true,
      allowed_uses: ['cert_signing', 'crl_signing'],
      validity_period_hours: 3_650 * 24,
      subject: [{ organization: 'box', common_name: 'box hardening CA' }],
    });
    expect(stack.one('tls_self_signed_cert')).not.toHaveProperty('early_renewal_hours');
  });

  it('name the gateway as clients and the machine itself reach it', () => {
    expect(named('tls_cert_request', 'server')).toMatchObject({
      subject: [{ organization: 'box', common_name: 'models.example.com' }],
      dns_names: ['models.example.com', 'localhost'],
      ip_addresses: ['127.0.0.1'],
    });
    expect(named('tls_locally_signed_cert', 'server')).toMatchObject({
      allowed_uses: ['digital_signature', 'server_auth'],
      is_ca_certificate: false,
      validity_period_hours: 90 * 24,
      early_renewal_hours: 30 * 24,
    });
  });

  it.each([
    ['service-ci-1', { organization: 'box', common_name: 'ci', serial_number: '1' }, 90],
    ['service-live-review-3', { organization: 'box', common_name: 'live-review', serial_number: '3' }, 30],
    ['service-health-1', { organization: 'box', common_name: 'health', serial_number: '1' }, 90],
  ])('name a service and its generation, and may nothing but log in: %s', (part, subject, days) => {
    expect(named('tls_cert_request', part)['subject']).toEqual([subject]);
    expect(named('tls_cert_request', part)).not.toHaveProperty('dns_names');
    expect(named('tls_locally_signed_cert', part)).toMatchObject({
      allowed_uses: ['digital_signature', 'client_auth'],
      is_ca_certificate: false,
      validity_period_hours: days * 24,
      early_renewal_hours: days * 8,
    });
  });

  it('are another resource with another generation, so that the key is another one', async () => {
    const raised = await synthesized('box', {
      ...hostStack,
      services: { ci: { generation: 2 }, 'live-review': { generation: 3, certificateLifetimeDays: 30 } },
    });
    const gone = stack.addresses.filter((address) => !raised.addresses.includes(address));
    const came = raised.addresses.filter((address) => !stack.addresses.includes(address));
    expect(gone.map((address) => address.replace(/_[0-9A-F]{8}$/, ''))).toEqual([
      'tls_cert_request.ollama_service-ci-1_request',
      'tls_locally_signed_cert.ollama_service-ci-1_certificate',
      'tls_private_key.ollama_service-ci-1_key',
    ]);
    expect(came).toHaveLength(3);
  });

  it('reach a service as an output that is not shown: certificate, key and CA', () => {
    for (const service of ['ci', 'live-review']) {
      expect(at(stack.json, 'output', `client_${service}`)).toMatchObject({
        sensitive: true,
        value: {
          certificate: expect.stringContaining(`service-${service}-`) as string,
          key: expect.stringContaining(`service-${service}-`) as string,
          ca: expect.stringContaining('tls_self_signed_cert.') as string,
        },
      });
    }
    expect(Object.keys(stack.json['output'] as object)).not.toContain('client_health');
  });

  it('leave the key of the CA in the state, and show it to the program that signs alone', () => {
    const { provisioner, ...release } = stack.one('terraform_data', '_release_');
    const steps = (provisioner as Block[]).filter((step) => step['local-exec'] === undefined);
    expect(JSON.stringify([stack.json['output'], release, steps])).not.toMatch(/authority_key/);
  });

  it('of two generations stand side by side while one takes over from the other', async () => {
    const services = {
      ci: { generation: 2, overlap: true },
      'live-review': { generation: 3, certificateLifetimeDays: 30 },
    };
    const both = await synthesized('box', { ...hostStack, services });
    // The first change drops nothing, and what stays is as it was.
    for (const address of stack.addresses) {
      const [type = '', name = ''] = address.split('.');
      if (type === 'terraform_data') continue;
      expect(at(both.json, 'resource', type, name)).toEqual(at(stack.json, 'resource', type, name));
    }
    expect(both.addresses.length - stack.addresses.length).toBe(3);
    expect(at(both.json, 'output', 'client_ci', 'value', 'certificate')).toContain('service-ci-2');
    expect(at(both.json, 'output', 'client_ci_previous', 'value', 'certificate')).toContain('service-ci-1');
    // The second drops the old one alone.
    const after = await synthesized('box', {
      ...hostStack,
      services: { ...services, ci: { generation: 2 } },
    });
    expect(both.addresses.filter((address) => !after.addresses.includes(address))).toEqual(
      both.addresses.filter((address) => address.includes('service-ci-1')),
    );
    expect(after.addresses.filter((address) => !both.addresses.includes(address))).toEqual([]);
  });

  it('of a revoked generation are not issued, and its service has no output', async () => {
    const revoked = [
      { service: 'ci', generation: 1, date: '2026-11-25', reason: 'The runner of this test was stolen.' },
    ];
    const after = await synthesized('box', { ...hostStack, revoked });
    expect(after.addresses.filter((address) => address.includes('service-ci'))).toEqual([]);
    expect(after.json['output']).not.toHaveProperty('client_ci');
  });

  it('come from another CA with another generation of it, which is trusted before it issues', async () => {
    const first = await synthesized('box', { ...hostStack, pki: { alsoTrustedCaGenerations: [2] } });
    expect(first.addresses.filter((address) => !stack.addresses.includes(address))).toEqual([
      expect.stringMatching(/^tls_private_key\.ollama_authority-2_key_/),
      expect.stringMatching(/^tls_self_signed_cert\.ollama_authority-2_certificate_/),
    ]);
    const issuer = (of: Synthesized): unknown[] => [
      ...new Set(of.all('tls_locally_signed_cert').map((certificate) => certificate['ca_cert_pem'])),
    ];
    expect(issuer(first)).toEqual(issuer(stack));
    const second = await synthesized('box', {
      ...hostStack,
      pki: { caGeneration: 2, alsoTrustedCaGenerations: [1] },
    });
    expect(second.addresses).toEqual(first.addresses);
    expect(issuer(second)).toEqual([expect.stringContaining('ollama_authority-2_certificate')]);
    expect(at(second.json, 'output', 'ca', 'value')).toMatch(
      /authority-2_certificate.*authority_certificate/,
    );
    const third = await synthesized('box', { ...hostStack, pki: { caGeneration: 2 } });
    expect(second.addresses.filter((address) => !third.addresses.includes(address))).toEqual([
      expect.stringMatching(/^tls_private_key\.ollama_authority_key_/),
      expect.stringMatching(/^tls_self_signed_cert\.ollama_authority_certificate_/),
    ]);
    expect(
      Object.values(at(third.json, 'resource', 'tls_self_signed_cert') as Record<string, Block>)[0],
    ).toMatchObject({ subject: [{ organization: 'box', common_name: 'box hardening CA 2' }] });
  });
});
