import { Command, Option } from 'commander';
import { pkiCommandText } from '../messages/pki-command.ts';
import type { RevocationReason } from '../pki/crl.ts';
import { maximumGeneration } from '../pki/identity.ts';
import { readIndex } from '../pki/issue-index.ts';
import { keptFolder } from '../pki/kept-folder.ts';
import { revokeInIndex } from '../pki/revoking.ts';
import { parseNumber, parseService, print, withFolder, type FolderOptions } from './pki-options.ts';

interface RevokeOptions extends FolderOptions {
  readonly generation?: number;
  readonly reason: RevocationReason;
}

/** Those that a person decides on; a hold can be lifted, which no identity of the kit can. */
const reasons: readonly RevocationReason[] = [
  'unspecified',
  'keyCompromise',
  'superseded',
  'cessationOfOperation',
  'affiliationChanged',
  'privilegeWithdrawn',
];

/** `hardening pki revoke`. */
export function revokeCommand(): Command {
  return withFolder(new Command('revoke'))
    .argument(
      '<service>',
      "the service; 'server' is the gateway, unless a service of that name was issued",
      parseService,
    )
    .summary('mark certificates as revoked')
    .description(
      'Marks every certificate of a service in the index, for good: an identity that was revoked is not issued again, ' +
        "its next generation is. The gateway and 'health' get new keys from the next issue. Needs no passphrase; the " +
        'list that the gateway reads is signed by hardening pki crl.',
    )
    .option(
      '--generation <number>',
      'only this generation; by default all of them',
      parseNumber(maximumGeneration),
    )
    .addOption(
      new Option('--reason <reason>', 'why, in the words of RFC 5280')
        .choices(reasons)
        .default('unspecified'),
    )
    .addHelpText('after', '\nExit codes: 0 marked, 2 nothing to revoke, or not possible.')
    .action(revoke);
}

async function revoke(what: string, options: RevokeOptions): Promise<void> {
  const paths = keptFolder(options.dir);
  const { certificates } = readIndex(paths.index);
  const isGateway = what === 'server' && !certificates.some(({ service }) => service === what);
  const marked = await revokeInIndex(paths, {
    service: isGateway ? undefined : what,
    generation: options.generation,
    reason: options.reason,
    now: new Date(),
  });
  print(options, marked, pkiCommandText.marked(marked.length, options.dir));
}
