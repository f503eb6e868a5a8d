import { join, relative } from 'node:path';
import type { PublicParts } from '../lib/constructs/public-parts.ts';
import type { StackConfig } from '../lib/config/schema.ts';
import { externalWanted } from '../lib/model/external-wanted.ts';
import { resolveInfrastructure } from '../lib/model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../lib/model/resolve.ts';
import { readExternalPki, readTrustedAuthority } from '../lib/pki/external.ts';
import { readPem } from '../lib/pki/files.ts';
import { checkRequest, requireDistinctKeys } from '../lib/pki/request.ts';

/**
 * Reads and checks the files that a stack's configuration names: requests of services, and CAs in folders. Nothing
 * secret is read.
 *
 * @param places the folder that their paths start from, and the one that terraform will run in
 * @throws UserError for a file that is missing, or is not what the configuration says
 */
export function readPublicParts(
  name: string,
  stack: StackConfig,
  { folder, seenFrom }: { readonly folder: string; readonly seenFrom: string },
): PublicParts {
  const deployment = resolve(name, stack);
  const plan = resolveInfrastructure(deployment, stack).certificates;
  const external =
    plan.directory === undefined
      ? undefined
      : readExternalPki(join(folder, plan.directory), externalWanted(deployment));
  return {
    requests: readRequests(plan.services, folder),
    external: external && {
      ...external,
      secretsDirectory: relative(seenFrom, external.secretsDirectory),
    },
    trusted: plan.alsoTrustedDirectories.map((directory) => readTrustedAuthority(join(folder, directory))),
  };
}

function readRequests(
  services: ReturnType<typeof resolveInfrastructure>['certificates']['services'],
  folder: string,
): Map<string, string> {
  const requests = services.flatMap(({ identity, request }) =>
    request === undefined
      ? []
      : [{ path: request, ...checkRequest(readPem(join(folder, request), false), identity, request) }],
  );
  requireDistinctKeys(requests);
  return new Map(requests.map(({ path, pem }) => [path, pem]));
}
