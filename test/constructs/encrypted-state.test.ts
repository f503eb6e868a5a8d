import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import {
  reasonForNoTerraform,
  terraformTools,
  terraformToolsTimeoutMs,
  type TerraformTools,
} from '../machine/support/terraform-tools.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { hostStack } from './support/deployed-stacks.ts';

const reason = reasonForNoTerraform();
if (reason !== undefined) console.warn(`encrypted-state.test.ts: no state is encrypted here: it ${reason}`);

const encryption = `
key_provider "pbkdf2" "passphrase" { passphrase = "a passphrase of this test" }
method "aes_gcm" "method" { keys = key_provider.pbkdf2.passphrase }
state { method = method.aes_gcm.method }
plan { method = method.aes_gcm.method }
`;

describe.skipIf(reason !== undefined)('a state that OpenTofu is to encrypt', () => {
  let tools: TerraformTools;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    tools = await terraformTools('opentofu');
    folder = await temporaryFolder();
    const stacks = { box: { ...hostStack, terraformState: { encryptedByOpenTofu: true } } };
    synthesize(parseConfig({ stacks }, 'test'), join(folder.path, 'cdktf.out'));
  }, terraformToolsTimeoutMs);
  afterAll(async () => await folder.remove());

  const run = (
    program: string,
    command: readonly string[],
    key?: string,
  ): { status: number | null; said: string } => {
    const { status, stdout, stderr } = spawnSync(program, [...command, '-no-color', '-input=false'], {
      cwd: join(folder.path, 'cdktf.out/stacks/box'),
      env: { ...process.env, ...tools.environment, ...(key === undefined ? {} : { TF_ENCRYPTION: key }) },
      encoding: 'utf8',
    });
    return { status, said: stdout + stderr };
  };
  const stateFile = (): string => join(folder.path, 'terraform.box.tfstate');
  const authority = ['apply', '-auto-approve', '-target=tls_private_key.ollama_authority_key_90B14FAF'];

  it('is not begun by terraform, which could not encrypt it', (test) => {
    const terraform = findProgram('terraform');
    if (terraform === undefined) return test.skip('terraform is not installed');
    expect(run(terraform, ['init'])).toMatchObject({
      status: 1,
      said: expect.stringContaining('No argument or block type is named "encryption"') as string,
    });
    expect(run(terraform, authority).status).toBe(1);
    expect(existsSync(stateFile())).toBe(false);
  });

  it('is not begun by OpenTofu without a key', () => {
    expect(run(tools.terraform, ['init']).status).toBe(1);
    expect(run(tools.terraform, authority).status).toBe(1);
    expect(existsSync(stateFile())).toBe(false);
  });

  it('is written by OpenTofu with a key, and cannot be read', () => {
    expect(run(tools.terraform, ['init'], encryption)).toMatchObject({ status: 0 });
    expect(run(tools.terraform, authority, encryption)).toMatchObject({ status: 0 });
    const state = readFileSync(stateFile(), 'utf8');
    expect(state).toContain('"encrypted_data"');
    expect(state).not.toMatch(/PRIVATE KEY|tls_private_key/);
  });
});
