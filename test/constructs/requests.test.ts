import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { makeRequest } from '../../lib/pki/request.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import type { StackInput } from '../support/test-gateway.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { hostStack } from './support/deployed-stacks.ts';
import { at, readSynthesized, type Synthesized } from './support/synthesized.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, 'identities'));
});
afterEach(() => folder.remove());

const key = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

async function handIn(service: string, generation: number, from = key()): Promise<string> {
  const path = `identities/${service}-${generation}.csr.pem`;
  await writeFile(join(folder.path, path), makeRequest({ stack: 'box', service, generation }, from));
  return path;
}

async function synth(services: StackInput['services']): Promise<Synthesized> {
  const input: StackInput = { ...hostStack, pki: { mode: 'csr' }, services };
  synthesize(parseConfig({ stacks: { box: input } }, 'test'), join(folder.path, 'cdktf.out'), folder.path);
  return await readSynthesized(join(folder.path, 'cdktf.out'), 'box');
}

const serviceKeys = ({ addresses }: Synthesized): string[] =>
  addresses.filter((address) => /^tls_private_key\.ollama_service-(?!health)/.test(address));

describe('with requests', () => {
  it('the service’s certificate is made without its key, and the others as ever', async () => {
    const csr = await handIn('ci', 1);
    const stack = await synth({ ci: { csr } });
    expect(serviceKeys(stack)).toEqual([]);
    expect(stack.all('tls_private_key')).toHaveLength(3);
    expect(stack.one('tls_locally_signed_cert', 'service-ci-1')).toMatchObject({
      cert_request_pem: expect.stringMatching(/^-----BEGIN CERTIFICATE REQUEST-----\n/) as string,
      allowed_uses: ['digital_signature', 'client_auth'],
      is_ca_certificate: false,
    });
    expect(at(stack.json, 'output', 'client_ci', 'value')).not.toHaveProperty('key');
    expect(at(stack.json, 'output', 'client_ci', 'sensitive')).not.toBe(true);
  });

  it('the certificate of before stays terraform’s while its service moves', async () => {
    const csr = await handIn('ci', 2);
    const moving = await synth({ ci: { generation: 2, overlap: true, csr } });
    expect(serviceKeys(moving)).toEqual([expect.stringContaining('service-ci-1')]);
    expect(serviceKeys(await synth({ ci: { generation: 2, csr } }))).toEqual([]);
  });

  it('two generations may each have one', async () => {
    const [previousCsr, csr] = [await handIn('ci', 1), await handIn('ci', 2)];
    const both = await synth({ ci: { generation: 2, overlap: true, csr, previousCsr } });
    expect(serviceKeys(both)).toEqual([]);
    expect(both.addresses.filter((address) => address.includes('service-ci'))).toHaveLength(2);
  });

  it.each<[string, () => Promise<StackInput['services']>, RegExp]>([
    [
      'that is missing',
      () => Promise.resolve({ ci: { csr: 'identities/none.pem' } }),
      /identities\/none\.pem/,
    ],
    [
      'of another service',
      async () => ({ ci: { csr: await handIn('dashboard', 1) } }),
      /asks for the subject/,
    ],
    ['of another generation', async () => ({ ci: { generation: 2, csr: await handIn('ci', 1) } }), /subject/],
    [
      'for a key that another service has',
      async () => {
        const shared = key();
        return { ci: { csr: await handIn('ci', 1, shared) }, bot: { csr: await handIn('bot', 1, shared) } };
      },
      /bot 1 and ci 1 have the same key/,
    ],
  ])('one %s is refused, and nothing is written', async (_what, services, message) => {
    await expect(synth(await services())).rejects.toThrow(message);
    expect(await readdir(folder.path)).toEqual(['identities']);
  });
});
