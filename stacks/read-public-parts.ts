import { join } from 'node:path';
import type { PublicParts } from '../lib/constructs/public-parts.ts';
import type { CertificatePlan } from '../lib/model/infrastructure/infrastructure.ts';
import { readPem } from '../lib/pki/files.ts';
import { checkRequest, requireDistinctKeys } from '../lib/pki/request.ts';

/**
 * Reads and checks the files that a configuration names: requests of services, and CAs in folders.
 *
 * @param places the folder that their paths start from, and the one that terraform will run in
 * @throws UserError for a file that is missing, or is not what the configuration says
 */
export function readPublicParts(
  plan: CertificatePlan,
  { folder }: { readonly folder: string; readonly seenFrom: string },
): PublicParts {
  const requests = plan.services.flatMap(({ identity, request }) =>
    request === undefined
      ? []
      : [{ path: request, ...checkRequest(readPem(join(folder, request), false), identity, request) }],
  );
  requireDistinctKeys(requests);
  return {
    requests: new Map(requests.map(({ path, pem }) => [path, pem])),
    external: undefined,
    trusted: [],
  };
}
