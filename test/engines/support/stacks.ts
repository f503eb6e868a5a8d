import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeRequest } from '../../../lib/pki/request.ts';
import { dropletStack, hostStack } from '../../constructs/support/deployed-stacks.ts';
import { issueFor } from '../../constructs/support/issue-for.ts';
import { keptPkiAt } from '../../pki/support/kept-pki.ts';
import { fullStack } from '../../support/example-stacks.ts';
import type { StackInput } from '../../support/test-gateway.ts';

const withRequest = (stack: StackInput, name: string): StackInput => ({
  ...stack,
  pki: { mode: 'csr' },
  services: { ci: { csr: `identities/${name}.csr.pem` } },
});
const withFolder = (stack: StackInput, name: string): StackInput => ({
  ...stack,
  pki: { mode: 'external', directory: `pki/${name}` },
});

/** Stacks for machines that exist, with every way to get certificates; their state is not encrypted. */
export const hostStacks = {
  reviews: hostStack,
  'host-csr': withRequest(hostStack, 'host-csr'),
  'host-external': withFolder(hostStack, 'host-external'),
  'host-moving': {
    ...hostStack,
    pki: { caGeneration: 2, alsoTrustedCaGenerations: [1], alsoTrustedDirectories: ['pki/host-external'] },
    services: { ci: { generation: 2, overlap: true } },
  },
} satisfies Record<string, StackInput>;

/** A stack whose state OpenTofu encrypts. */
export const encryptedStack: StackInput = { ...hostStack, terraformState: { encryptedByOpenTofu: true } };

/** A stack of every kind that the kit has. */
export const everyStack: Readonly<Record<string, StackInput>> = {
  ...hostStacks,
  'host-encrypted': encryptedStack,
  droplet: dropletStack,
  'droplet-csr': withRequest(dropletStack, 'droplet-csr'),
  'droplet-external': withFolder(dropletStack, 'droplet-external'),
  // All fields, with the state in a bucket.
  'droplet-full': fullStack,
};

/** Writes the requests and the CAs that the stacks name into a folder. */
export async function writePublicParts(folder: string): Promise<void> {
  for (const [name, stack] of Object.entries(everyStack)) {
    const { csr } = stack.services['ci'] ?? {};
    if (csr !== undefined) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const request = makeRequest({ stack: name, service: 'ci', generation: 1 }, privateKey);
      await mkdir(dirname(join(folder, csr)), { recursive: true });
      await writeFile(join(folder, csr), request);
    }
    if (stack.pki?.mode === 'external') {
      const kept = await keptPkiAt(join(folder, 'pki', name), name);
      await issueFor(kept, name, stack);
    }
  }
}
