import { bundleText } from '../messages/bundle.ts';
import { exists, pkiPaths, readPem } from '../pki/files.ts';
import type { Identity } from '../pki/identity.ts';
import type { IdentityMaterial } from './material.ts';

/**
 * Reads the certificate of a service from the folder of `hardening pki`, with its key where that is there too.
 *
 * @param alsoTrusted folders of further CAs that may have issued the gateway's certificate
 * @throws UserError where the certificate or a CA is missing or unreadable, or others may use the key
 */
export function materialFromPki(
  directory: string,
  alsoTrusted: readonly string[],
  identity: Identity,
): IdentityMaterial {
  const paths = pkiPaths(directory);
  const pair = paths.client(identity);
  if (!exists(pair.certificate)) throw bundleText.noCertificate(pair.certificate, identity.service);
  const authorities = [directory, ...alsoTrusted].map((folder) => pkiPaths(folder).ca.certificate);
  return {
    certificate: readPem(pair.certificate, false),
    key: exists(pair.key) ? readPem(pair.key, true) : undefined,
    ca: authorities.map((path) => `${readPem(path, false).trimEnd()}\n`).join(''),
  };
}
