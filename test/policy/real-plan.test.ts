import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { evaluateStack, type Finding } from '../../lib/policy/evaluate.ts';
import { parseStack } from '../../lib/policy/input/read-stack.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { hostStack } from '../constructs/support/deployed-stacks.ts';
import {
  reasonForNoTerraform,
  terraformTools,
  terraformToolsTimeoutMs,
  type TerraformTools,
} from '../machine/support/terraform-tools.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const reason = reasonForNoTerraform();
if (reason !== undefined) console.warn(`real-plan.test.ts: nothing is planned here: it ${reason}`);

type Json = Record<string, Record<string, Record<string, Record<string, unknown>>>>;

describe.skipIf(reason !== undefined)('a plan of real terraform', () => {
  let tools: TerraformTools;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    tools = await terraformTools();
    folder = await temporaryFolder();
    synthesize(parseConfig({ stacks: { box: hostStack } }, 'test'), join(folder.path, 'cdktf.out'));
    await terraform('init', '-input=false');
  }, terraformToolsTimeoutMs);
  afterAll(() => folder.remove());

  const stackFolder = (): string => join(folder.path, 'cdktf.out/stacks/box');
  const terraform = async (...parameters: string[]): Promise<string> => {
    const run = promisify(execFile)(tools.terraform, [`-chdir=${stackFolder()}`, ...parameters], {
      env: { ...process.env, ...tools.environment },
      maxBuffer: 64 * 1024 * 1024,
    });
    return (await run).stdout;
  };

  /** The findings of a plan of the stack with a change in its JSON. */
  async function findings(change: (json: Json) => void): Promise<Finding[]> {
    const file = join(stackFolder(), 'cdk.tf.json');
    const original = await readFile(file, 'utf8');
    const json = JSON.parse(original) as Json;
    change(json);
    await writeFile(file, JSON.stringify(json));
    try {
      await terraform('plan', '-input=false', '-out=the.plan');
      const plan = await terraform('show', '-json', 'the.plan');
      return evaluateStack(parseStack('box', plan, [], { folder: stackFolder() }));
    } finally {
      await writeFile(file, original);
    }
  }
  const inResources = (json: Json, type: string, part: string): Record<string, unknown> => {
    const [, found] =
      Object.entries(json['resource']?.[type] ?? {}).find(([name]) => name.includes(part)) ?? [];
    if (found === undefined) throw new Error(`no ${type} of ${part}`);
    return found;
  };

  it('of the kit’s own stack has nothing that the policy finds', async () => {
    expect(await findings(() => undefined)).toEqual([]);
  });

  it.each<[string, string, (json: Json) => void]>([
    [
      'weak-key',
      'service-ci',
      (json) => Object.assign(inResources(json, 'tls_private_key', 'service-ci'), { ecdsa_curve: 'P224' }),
    ],
    [
      'leaf-that-signs',
      'service-ci',
      (json) =>
        Object.assign(inResources(json, 'tls_locally_signed_cert', 'service-ci'), {
          is_ca_certificate: true,
        }),
    ],
    [
      'client-certificate-as-server',
      'service-ci',
      (json) =>
        Object.assign(inResources(json, 'tls_locally_signed_cert', 'service-ci'), {
          allowed_uses: ['digital_signature', 'client_auth', 'server_auth'],
        }),
    ],
  ])('with a change shows %s', async (rule, resource, change) => {
    expect(await findings(change)).toEqual([
      expect.objectContaining({
        rule,
        level: 'error',
        resource: expect.stringContaining(resource) as string,
      }),
    ]);
  });
});
