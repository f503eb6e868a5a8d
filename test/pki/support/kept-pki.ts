import type { Authority } from '../../../lib/pki/authority.ts';
import type { ExternalWanted } from '../../../lib/pki/external.ts';
import type { PkiPaths } from '../../../lib/pki/files.ts';
import { initFolder, keptFolder, unlockAuthority } from '../../../lib/pki/kept-folder.ts';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

export const passphrase = 'correct horse battery';
export const client = (service: string, generation = 1, lifetimeDays = 90): ExternalWanted['health'] => ({
  identity: { stack: 'prod', service, generation },
  lifetimeDays,
});

/** A stack with two services, and its gateway. */
export const wanted: ExternalWanted = {
  stack: 'prod',
  server: {
    serverNames: ['models.example.test', 'localhost'],
    addresses: ['127.0.0.1'],
    lifetimeDays: 90,
  },
  health: client('health'),
  clients: [client('ci'), client('review', 3)],
};

export interface KeptPki {
  readonly directory: string;
  readonly paths: PkiPaths;
  readonly unlock: () => Promise<Authority>;
}

/** A new folder as `hardening pki init` makes it, which goes when the running test ends. */
export async function newKeptPki(now = new Date()): Promise<KeptPki> {
  const directory = join(temporaryFolder(), 'pki');
  await initFolder(directory, { stack: 'prod', lifetimeDays: 1000, passphrase, now });
  const paths = keptFolder(directory);
  return { directory, paths, unlock: () => Promise.resolve(unlockAuthority(paths, passphrase)) };
}
