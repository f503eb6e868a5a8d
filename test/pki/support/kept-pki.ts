import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Authority } from '../../../lib/pki/authority.ts';
import type { ExternalWanted } from '../../../lib/pki/external.ts';
import type { PkiPaths } from '../../../lib/pki/files.ts';
import { initFolder, keptFolder, unlockAuthority } from '../../../lib/pki/kept-folder.ts';
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
  /** Gives the CA's key without the half second that its passphrase takes. */
  readonly unlock: () => Promise<Authority>;
}

/** A new folder as `hardening pki init` makes it, which goes when the running test ends. */
export async function freshKeptPki(): Promise<KeptPki> {
  return await keptPkiAt(join(temporaryFolder(), 'pki'), 'prod');
}

/** A folder as `hardening pki init` makes it, in a place that the caller clears away. */
export async function keptPkiAt(directory: string, stack: string): Promise<KeptPki> {
  await initFolder(directory, { stack, lifetimeDays: 1000, passphrase, now: new Date() });
  const paths = keptFolder(directory);
  const authority = unlockAuthority(paths, passphrase);
  return { directory, paths, unlock: () => Promise.resolve(authority) };
}

let template: { readonly files: ReadonlyMap<string, Buffer>; readonly unlock: KeptPki['unlock'] } | undefined;

/** The same with a CA that other tests of the file have copies of too: the half seconds of passphrases add up. */
export async function newKeptPki(): Promise<KeptPki> {
  if (template === undefined) {
    const { paths, unlock } = await freshKeptPki();
    const files = [paths.ca.certificate, paths.ca.key, paths.crl, paths.index];
    const contents = files.map((path) => [path.slice(paths.root.length), fs.readFileSync(path)] as const);
    template = { files: new Map(contents), unlock };
  }
  const directory = join(temporaryFolder(), 'pki');
  for (const folder of ['certs', 'secrets']) fs.mkdirSync(join(directory, folder), { recursive: true });
  for (const [name, content] of template.files) {
    fs.writeFileSync(join(directory, name), content, { mode: name.endsWith('.key') ? 0o600 : 0o644 });
  }
  return { directory, paths: keptFolder(directory), unlock: template.unlock };
}
