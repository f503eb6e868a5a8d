import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import {
  reasonForNoTerraform,
  terraformTools,
  terraformToolsTimeoutMs,
  tlsProviderVersion,
  type TerraformTools,
} from './support/terraform-tools.ts';

const reason = reasonForNoTerraform();
if (reason !== undefined) console.warn(`terraform-tools.test.ts: there is no terraform here: it ${reason}`);

/** A CA and one certificate of it. */
const configuration = `
terraform {
  required_providers {
    tls = { source = "hashicorp/tls", version = "${tlsProviderVersion}" }
  }
}
resource "tls_private_key" "ca" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}
resource "tls_self_signed_cert" "ca" {
  private_key_pem       = tls_private_key.ca.private_key_pem
  is_ca_certificate     = true
  validity_period_hours = 24
  allowed_uses          = ["cert_signing", "crl_signing"]
  subject { common_name = "CA" }
}
resource "tls_private_key" "leaf" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}
resource "tls_cert_request" "leaf" {
  private_key_pem = tls_private_key.leaf.private_key_pem
  dns_names       = ["machine.example"]
  subject { common_name = "leaf" }
}
resource "tls_locally_signed_cert" "leaf" {
  cert_request_pem      = tls_cert_request.leaf.cert_request_pem
  ca_private_key_pem    = tls_private_key.ca.private_key_pem
  ca_cert_pem           = tls_self_signed_cert.ca.cert_pem
  validity_period_hours = 12
  early_renewal_hours   = 1
  allowed_uses          = ["digital_signature", "server_auth"]
}
output "ca" { value = tls_self_signed_cert.ca.cert_pem }
output "leaf" { value = tls_locally_signed_cert.leaf.cert_pem }
`;

describe.skipIf(reason !== undefined)('terraform with the real provider for certificates', () => {
  let tools: TerraformTools;
  let folder: TemporaryFolder;

  beforeAll(async () => {
    tools = await terraformTools();
    folder = await temporaryFolder();
    await writeFile(join(folder.path, 'main.tf'), configuration);
  }, terraformToolsTimeoutMs);
  afterAll(async () => await folder.remove());

  const terraform = async (...parameters: string[]): Promise<string> => {
    const environment = { ...process.env, ...tools.environment };
    const run = promisify(execFile)(tools.terraform, parameters, { cwd: folder.path, env: environment });
    return (await run).stdout;
  };

  test('applies a CA and a leaf that openssl verifies', async () => {
    await terraform('init', '-input=false');
    await terraform('apply', '-input=false', '-auto-approve');
    for (const name of ['ca', 'leaf']) {
      await writeFile(join(folder.path, `${name}.pem`), await terraform('output', '-raw', name));
    }
    const openssl = (...parameters: string[]): string =>
      execFileSync('openssl', parameters, { cwd: folder.path, encoding: 'utf8' });
    expect(openssl('verify', '-CAfile', 'ca.pem', '-verify_hostname', 'machine.example', 'leaf.pem')).toBe(
      'leaf.pem: OK\n',
    );
    expect(openssl('x509', '-in', 'leaf.pem', '-noout', '-text')).toContain('NIST CURVE: P-256');
  });

  test('has nothing more to do then', async () => {
    // Exit code 2, which rejects: there is a difference.
    expect(await terraform('plan', '-input=false', '-detailed-exitcode')).toContain('No changes');
  });

  test('gets a provider that is not there from nowhere', async () => {
    await writeFile(
      join(folder.path, 'main.tf'),
      configuration.replace(tlsProviderVersion, tlsProviderVersion.replace(/\d+$/, '999')),
    );
    await expect(terraform('init', '-input=false', '-upgrade')).rejects.toThrow(
      /no available releases match/,
    );
  });
});
