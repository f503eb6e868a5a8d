import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dropletStack, hostStack } from '../constructs/support/deployed-stacks.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { minimalStack } from '../support/example-stacks.ts';

const program = fileURLToPath(new URL('../../bin/hardening.js', import.meta.url));

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

interface Ended {
  readonly code: number;
  readonly output: string;
}

function hardening(parameters: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const own = { PATH: process.env['PATH'], NO_COLOR: '1', ...environment };
  return new Promise((settle) => {
    execFile(
      process.execPath,
      [program, ...parameters],
      { cwd: folder.path, env: own, timeout: 30_000 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code);
        settle({ code, output: stdout + stderr });
      },
    );
  });
}

const configure = (stacks: Record<string, unknown>): Promise<void> =>
  writeFile(join(folder.path, 'hardening.config.ts'), `export default ${JSON.stringify({ stacks })};\n`);

/** A program that stands where terraform does: it says which version it is, writes down how it is called, and ends with `status`. */
async function standIn(version: string, status = 0): Promise<NodeJS.ProcessEnv> {
  const path = join(folder.path, 'stand-in');
  const calls = join(folder.path, 'calls');
  const text = `#!/bin/sh\nif [ "$1" = version ]; then echo '${version}'; exit; fi\necho "$*" >>'${calls}'\nexit ${status}\n`;
  await writeFile(path, text, { mode: 0o755 });
  return { TERRAFORM_BINARY_NAME: path };
}

/** What is wrong, stacks, parameters, the version of terraform, variables, what is said. */
type Refusal = [string, Record<string, unknown>, string[], string | undefined, NodeJS.ProcessEnv, RegExp];

const customerKey = (bytes: number): string => randomBytes(bytes).toString('base64');
const spaces = { region: 'fra1', bucket: 'state-of-reviews' };
const spacesVariables = {
  AWS_ACCESS_KEY_ID: 'an-id',
  AWS_SECRET_ACCESS_KEY: 'a-secret',
  AWS_SSE_CUSTOMER_KEY: customerKey(32),
};
const notTheKey = /is not the base64 of 32 bytes[^]*openssl rand -base64 32/;

const terraform = 'Terraform v1.11.4';
const openTofu = 'OpenTofu v1.12.6';

describe('hardening deploy begins nothing', () => {
  const encrypted = { ...hostStack, terraformState: { encryptedByOpenTofu: true } };
  it.each<Refusal>([
    [
      'without a stack to deploy',
      { a: minimalStack },
      [],
      terraform,
      {},
      /no stack has target\.host or target\.digitalocean/,
    ],
    [
      'for a stack that is not deployed',
      { a: minimalStack, b: hostStack },
      ['a'],
      terraform,
      {},
      /choose one of: b/,
    ],
    [
      'for a stack that is not there',
      { b: hostStack },
      ['c'],
      terraform,
      {},
      /there is no stack "c" that is deployed/,
    ],
    ['for one of several', { b: hostStack, c: hostStack }, [], terraform, {}, /name one of: b, c/],
    [
      'without terraform',
      { b: hostStack },
      [],
      undefined,
      { TERRAFORM_BINARY_NAME: 'no-such-terraform' },
      /"no-such-terraform" is not installed/,
    ],
    [
      'without a token',
      { b: { ...dropletStack, terraformState: hostStack.terraformState } },
      [],
      terraform,
      {},
      /DIGITALOCEAN_TOKEN is not set/,
    ],
    ['where terraform cannot encrypt', { b: encrypted }, [], terraform, {}, /set TERRAFORM_BINARY_NAME=tofu/],
    ['where OpenTofu has no key', { b: encrypted }, [], openTofu, {}, /TF_ENCRYPTION is not/],
    ...(
      [
        ['no id of a key', { AWS_ACCESS_KEY_ID: undefined }, /AWS_ACCESS_KEY_ID is not/],
        ['an empty key', { AWS_SECRET_ACCESS_KEY: '' }, /AWS_SECRET_ACCESS_KEY is not/],
        ['no key of its own', { AWS_SSE_CUSTOMER_KEY: undefined }, /KEY is not: [^]*openssl rand -base64 32/],
        ['a short key', { AWS_SSE_CUSTOMER_KEY: customerKey(31) }, notTheKey],
        ['a key in another writing', { AWS_SSE_CUSTOMER_KEY: randomBytes(32).toString('hex') }, notTheKey],
        ['more than a key', { AWS_SSE_CUSTOMER_KEY: `${customerKey(32)} ` }, notTheKey],
      ] as const
    ).map(([what, variables, message]): Refusal => [
      `for a bucket with ${what}`,
      { b: { ...hostStack, terraformState: { spaces } } },
      [],
      terraform,
      { ...spacesVariables, ...variables },
      message,
    ]),
    [
      'for a state in clear',
      { b: { ...hostStack, terraformState: {} } },
      [],
      terraform,
      {},
      /stacks\.b\.terraformState/,
    ],
  ])('%s', async (_what, stacks, parameters, version, environment, message) => {
    await configure(stacks);
    const own = version === undefined ? {} : await standIn(version);
    const { code, output } = await hardening(['deploy', ...parameters], { ...own, ...environment });
    expect(output).toMatch(message);
    expect(output).toMatch(/^(?:fix:|\s+fix)/m);
    expect(code).toBe(2);
    expect(existsSync(join(folder.path, 'calls'))).toBe(false);
    expect(existsSync(join(folder.path, 'cdktf.out'))).toBe(false);
  });
});

it('hardening deploy goes on with all that a bucket needs', async () => {
  await configure({ b: { ...hostStack, terraformState: { spaces } } });
  const own = await standIn(terraform);
  const { code } = await hardening(['deploy', '--auto-approve'], { ...own, ...spacesVariables });
  expect(await readFile(join(folder.path, 'calls'), 'utf8')).toContain(' apply ');
  expect(code).toBe(0);
});

it('hardening deploy ends with 1 where terraform fails', async () => {
  await configure({ b: hostStack });
  const { code, output } = await hardening(['deploy', '--auto-approve'], await standIn(terraform, 3));
  expect(output).toContain('terraform init ended with 3');
  expect(code).toBe(1);
});

it('hardening status names a stack that was never applied', async () => {
  await configure({ b: hostStack });
  await mkdir(join(folder.path, 'cdktf.out/stacks/b'), { recursive: true });
  const { code, output } = await hardening(['status'], await standIn(terraform, 1));
  expect(output).toContain('terraform knows of no deployment of b');
  expect(code).toBe(2);
});
