import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { keptPkiAt, type KeptPki } from '../pki/support/kept-pki.ts';
import type { StackInput } from '../support/test-gateway.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { dropletStack, hostStack } from './support/deployed-stacks.ts';
import { issueFor as issueForStack } from './support/issue-for.ts';
import { at, readSynthesized, type Block, type Synthesized } from './support/synthesized.ts';

let folder: TemporaryFolder;
let kept: KeptPki;
beforeEach(async () => {
  folder = await temporaryFolder();
  kept = await keptPkiAt(join(folder.path, 'pki'), 'box');
});
afterEach(() => folder.remove());

const external = (change: Partial<StackInput> = {}): StackInput => ({
  ...hostStack,
  pki: { mode: 'external', directory: 'pki' },
  ...change,
});

const issueFor = (input: StackInput): Promise<void> => issueForStack(kept, 'box', input);

async function synth(input: StackInput): Promise<Synthesized> {
  const out = join(folder.path, 'cdktf.out');
  synthesize(parseConfig({ stacks: { box: input } }, 'test'), out, folder.path);
  return await readSynthesized(out, 'box');
}

const files = (stack: Synthesized): Record<string, Block> =>
  Object.fromEntries(
    (stack.one('terraform_data', '_release_')['provisioner'] as Block[]).flatMap((one) => {
      const file = one['file'] as Block | undefined;
      const [, path = ''] = /\.id\}\/(.+)$/.exec(String(file?.['destination'])) ?? [];
      return file === undefined ? [] : [[path, file] as const];
    }),
  );

describe('with a CA in a folder', () => {
  it('terraform makes no key and no certificate, and needs no provider for them', async () => {
    await issueFor(external());
    const stack = await synth(external());
    expect(stack.addresses.filter((address) => address.startsWith('tls_'))).toEqual([]);
    expect(at(stack.json, 'terraform', 'required_providers') ?? {}).not.toHaveProperty('tls');
    expect(stack.text).not.toContain('PRIVATE KEY');
    expect(stack.text).not.toContain('sign-crl');
    expect(Object.keys(stack.json['output'] as object).sort()).toEqual([
      'address',
      'ca',
      'certificates',
      'host_key',
      'release',
    ]);
  });

  it('the machine gets the folder’s certificates and CRL, and two keys from their files', async () => {
    await issueFor(external());
    const sent = files(await synth(external()));
    expect(sent['tls/ca.crt']?.['content']).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(sent['tls/ca.crl']?.['content']).toMatch(/^-----BEGIN X509 CRL-----/);
    expect(sent['tls/server.key']).toMatchObject({ source: '${var.pki_secrets_directory}/server.key' });
    expect(sent['tls/health.key']).toMatchObject({ source: '${var.pki_secrets_directory}/health-1.key' });
    expect(sent['issued']?.['content']).toMatch(/^\$\{local\.ollama_issued_/);
  });

  it('the folder of the keys is found from where terraform runs, unless told', async () => {
    await issueFor(external());
    const stack = await synth(external());
    expect(at(stack.json, 'variable', 'pki_secrets_directory', 'default')).toBe('../../../pki/secrets');
  });

  it('the list of issued certificates names the CA, serial numbers and ends', async () => {
    await issueFor(external());
    const stack = await synth(external());
    const [issued = ''] = Object.values(stack.json['locals'] as Record<string, string>);
    const lines = issued.trim().split('\n');
    expect(lines.map((line) => line.split(' ').slice(2, 4).join(' '))).toEqual([
      'ci 1',
      'live-review 3',
      'health 1',
    ]);
    for (const line of lines) expect(line).toMatch(/^external-[0-9a-f]{8} [0-9]+ \S+ [0-9]+ 20\d\d-\S+Z$/);
  });

  it('a droplet’s host key comes by variables, so that no state has it', async () => {
    const input = external({ target: dropletStack.target, ssh: dropletStack.ssh });
    await issueFor(input);
    const stack = await synth(input);
    expect(at(stack.json, 'variable', 'ssh_host_private_key')).toMatchObject({
      sensitive: true,
      nullable: false,
    });
    expect(at(stack.json, 'variable', 'ssh_host_private_key')).not.toHaveProperty('default');
    expect(stack.one('digitalocean_droplet')['user_data']).toContain('var.ssh_host_private_key');
    expect(at(stack.one('terraform_data', '_release_'), 'connection', 'host_key')).toContain(
      'var.ssh_host_public_key',
    );
    expect(stack.all('tls_private_key')).toEqual([]);
  });

  it.each<[string, StackInput, RegExp]>([
    ['a service without a certificate', external({ services: { ci: {}, more: {} } }), /hardening pki issue/],
    ['a service that left and is in no CRL', external({ services: { ci: {} } }), /hardening pki crl/],
    [
      'a generation that was not issued',
      external({ services: { ci: { generation: 2 } } }),
      /hardening pki issue/,
    ],
  ])('%s stops it before anything is written', async (_what, changed, fix) => {
    await issueFor(external());
    await expect(synth(changed)).rejects.toMatchObject({ fix: expect.stringMatching(fix) as string });
    expect(await readdir(folder.path)).toEqual(['pki']);
  });
});

describe('with a CA in a folder beside terraform’s', () => {
  it('both are trusted, and the folder’s CRL comes along', async () => {
    await issueFor(external());
    const warned = vi.spyOn(console, 'warn');
    const stack = await synth({ ...hostStack, pki: { alsoTrustedDirectories: ['pki'] } });
    const local = files(stack)['tls/ca.crt']?.['content'];
    expect(local).toMatch(
      /^\$\{join\("", \[tls_self_signed_cert\.\w+\.cert_pem, "-----BEGIN CERTIFICATE-----/,
    );
    // The engine has nothing to say while a CA is moved.
    expect(warned).not.toHaveBeenCalled();
    // By its path: an environment has no room for a long one.
    const release = JSON.stringify(stack.one('terraform_data', '_release_'));
    const [, path = ''] = /\b(assets\/given-\w+\/other-authorities\.crl)\b/.exec(release) ?? [];
    expect(release).not.toContain('BEGIN X509 CRL');
    const stackFolder = join(folder.path, 'cdktf.out', 'stacks', 'box');
    expect(await readFile(join(stackFolder, path), 'utf8')).toMatch(/^-----BEGIN X509 CRL-----/);
  });
});
