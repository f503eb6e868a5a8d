import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pkiPaths } from '../../../lib/pki/files.ts';
import { issueDue } from '../../../lib/pki/issuing.ts';
import { initFolder, unlockAuthority } from '../../../lib/pki/kept-folder.ts';
import { stackName, type Deployment } from './deployment.ts';
import type { Keys } from './identities-keys.ts';

const passphrase = 'a passphrase of the test';
const dayMs = 24 * 60 * 60 * 1000;

/** CAs in folders, as `hardening pki` keeps them: pki-1, pki-2. */
export function external(deployment: Deployment): Keys {
  const folder = (authority: number): string => `pki-${authority}`;
  let issuing = 1;
  const pki = async (command: string, authority: number, ...more: readonly string[]): Promise<void> => {
    const file = join(deployment.folder, 'passphrase');
    if (!existsSync(file)) await writeFile(file, `${passphrase}\n`, { mode: 0o600 });
    const parameters = ['--dir', folder(authority), '--passphrase-file', file, ...more];
    const { status, stdout, stderr } = await deployment.hardening('pki', command, ...parameters);
    if (status !== 0) throw new Error(`pki ${command} ended with ${String(status)}:\n${stdout}\n${stderr}`);
  };
  // The first one is old enough to have issued what is near its end.
  const make = (authority: number): Promise<void> =>
    authority === 1
      ? initFolder(join(deployment.folder, folder(authority)), {
          ...{ stack: stackName, passphrase, lifetimeDays: 3_650 },
          now: new Date(Date.now() - 365 * dayMs),
        })
      : pki('init', authority, '--stack', stackName);
  const paths = () => pkiPaths(join(deployment.folder, folder(issuing)));
  return {
    mode: 'external',
    section: ([first = 1, ...others]) => ({
      mode: 'external',
      directory: folder(first),
      alsoTrustedDirectories: others.map(folder),
    }),
    request: () => Promise.resolve(undefined),
    prepare: async (authorities) => {
      for (const authority of authorities) {
        if (!existsSync(join(deployment.folder, folder(authority)))) await make(authority);
      }
      issuing = authorities[0] ?? 1;
      await pki('issue', issuing);
      for (const authority of authorities) await pki('crl', authority);
    },
    handed: async ({ service, generation }) => {
      const files = paths().client({ stack: stackName, service, generation });
      return {
        certificate: await readFile(files.certificate, 'utf8'),
        key: await readFile(files.key, 'utf8'),
      };
    },
    authority: () =>
      Promise.resolve(unlockAuthority(pkiPaths(join(deployment.folder, folder(1))), passphrase)),
    age: async ({ service, generation }) => {
      const identity = { stack: stackName, service, generation };
      const files = paths();
      const { certificate } = files.client(identity);
      const { validFrom, validTo } = new X509Certificate(await readFile(certificate));
      const lifetimeDays = Math.round((Date.parse(validTo) - Date.parse(validFrom)) / dayMs);
      await rm(certificate);
      const then = new Date(Date.now() - lifetimeDays * 0.9 * dayMs);
      const unlock = () => Promise.resolve(unlockAuthority(files, passphrase));
      await issueDue(files, { stack: stackName, clients: [{ identity, lifetimeDays }] }, unlock, then);
    },
  };
}
