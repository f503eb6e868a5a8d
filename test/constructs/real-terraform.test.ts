import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { distinguishedName } from '../../lib/pki/identity.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import {
  reasonForNoTerraform,
  terraformTools,
  terraformToolsTimeoutMs,
  type TerraformTools,
} from '../machine/support/terraform-tools.ts';
import { certificateText, openssl, rfc2253Subject } from '../pki/support/openssl.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import type { StackInput } from '../support/test-gateway.ts';
import { hostStack } from './support/deployed-stacks.ts';

const reason = reasonForNoTerraform();
if (reason !== undefined) console.warn(`real-terraform.test.ts: no stack is applied here: it ${reason}`);

interface Bundle {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

describe.skipIf(reason !== undefined)('the certificates of a stack, by real terraform', () => {
  let tools: TerraformTools;
  let folder: TemporaryFolder;

  const synth = (input: StackInput): void => {
    synthesize(parseConfig({ stacks: { box: input } }, 'test'), join(folder.path, 'cdktf.out'));
  };
  const terraform = async (...parameters: string[]): Promise<string> => {
    const run = promisify(execFile)(tools.terraform, parameters, {
      cwd: join(folder.path, 'cdktf.out/stacks/box'),
      env: { ...process.env, ...tools.environment },
      maxBuffer: 64 * 1024 * 1024,
    });
    return (await run).stdout;
  };
  /** Everything but the release, which has no machine here. */
  const applyCertificates = async (): Promise<void> => {
    const { planned_values } = JSON.parse(await planJson()) as {
      planned_values: { root_module: { resources: { address: string; type: string }[] } };
    };
    const targets = planned_values.root_module.resources
      .filter(({ type }) => type.startsWith('tls_'))
      .map(({ address }) => `-target=${address}`);
    await terraform('apply', '-input=false', '-auto-approve', ...targets);
  };
  const planJson = async (): Promise<string> => {
    await terraform('plan', '-input=false', '-out=the.plan');
    try {
      return await terraform('show', '-json', 'the.plan');
    } finally {
      await rm(join(folder.path, 'cdktf.out/stacks/box/the.plan'));
    }
  };
  const bundle = async (service: string): Promise<Bundle> =>
    JSON.parse(await terraform('output', '-json', `client_${service}`)) as Bundle;

  beforeAll(async () => {
    tools = await terraformTools();
    folder = await temporaryFolder();
    synth(hostStack);
    await terraform('init', '-input=false');
  }, terraformToolsTimeoutMs);
  afterAll(async () => await folder.remove());

  it('are accepted before and after they are made', async () => {
    await terraform('validate');
    await applyCertificates();
    const changes = (
      JSON.parse(await planJson()) as { resource_changes: { type: string; change: { actions: string[] } }[] }
    ).resource_changes;
    expect(
      changes.filter(({ type, change }) => type.startsWith('tls_') && change.actions.join() !== 'no-op'),
    ).toEqual([]);
  });

  it('have the subject that nginx compares to the letter', async () => {
    for (const [service, generation] of [
      ['ci', 1],
      ['live-review', 3],
    ] as const) {
      const { certificate } = await bundle(service);
      expect(rfc2253Subject(certificate)).toBe(distinguishedName({ stack: 'box', service, generation }));
    }
  });

  it('are what the profiles of the kit say, judged by openssl', async () => {
    const { certificate, key, ca } = await bundle('ci');
    const text = certificateText(certificate);
    expect(text).toContain('ASN1 OID: prime256v1');
    expect(text).toContain('Signature Algorithm: ecdsa-with-SHA256');
    expect(text).toContain('X509v3 Key Usage: critical Digital Signature X509v3');
    expect(text).toContain('X509v3 Extended Key Usage: TLS Web Client Authentication X509v3');
    expect(text).toContain('X509v3 Basic Constraints: critical CA:FALSE');
    expect(text).toContain('X509v3 Subject Key Identifier');
    expect(text).toContain('X509v3 Authority Key Identifier');
    expect(text).not.toContain('Subject Alternative Name');
    expect(certificateText(ca)).toContain('X509v3 Key Usage: critical Certificate Sign, CRL Sign');
    expect(certificateText(ca)).toContain('ASN1 OID: prime256v1');
    const caFile = join(folder.path, 'ca.pem');
    await writeFile(caFile, ca);
    const verified = openssl(
      ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', caFile],
      certificate,
    );
    expect(verified).toMatchObject({ status: 0, stdout: 'stdin: OK\n' });
    expect(openssl(['pkey', '-pubout'], key).stdout).toBe(
      openssl(['x509', '-noout', '-pubkey'], certificate).stdout,
    );
  });

  it('change for a raised generation and for no other service', async () => {
    const before = { ci: await bundle('ci'), review: await bundle('live-review') };
    const services = { ...hostStack.services, ci: { generation: 2 } };
    synth({ ...hostStack, services });
    await applyCertificates();
    const after = { ci: await bundle('ci'), review: await bundle('live-review') };
    expect(after.review).toEqual(before.review);
    expect(after.ci.ca).toBe(before.ci.ca);
    expect(after.ci.key).not.toBe(before.ci.key);
    expect(rfc2253Subject(after.ci.certificate)).toBe('serialNumber=2,CN=ci,O=box');
    synth(hostStack);
  });

  it('keep what is secret out of what terraform prints', async () => {
    expect(await terraform('plan', '-input=false', '-no-color')).not.toMatch(/PRIVATE KEY/);
    expect(await terraform('output', '-no-color')).toMatch(/client_ci\s+= <sensitive>/);
  });
});
