import { Command } from 'commander';
import { pkiCommandText } from '../messages/pki-command.ts';
import { readPem } from '../pki/files.ts';
import { maximumGeneration } from '../pki/identity.ts';
import { readIndex } from '../pki/issue-index.ts';
import { signRequest } from '../pki/issuing.ts';
import { keptFolder } from '../pki/kept-folder.ts';
import { profiles } from '../pki/profiles.ts';
import {
  defaultLifetimeDays,
  parseNumber,
  parseService,
  print,
  unlocking,
  withFolder,
  withPassphrase,
  type FolderOptions,
  type PassphraseOptions,
} from './pki-options.ts';

interface SignOptions extends FolderOptions, PassphraseOptions {
  readonly service: string;
  readonly generation: number;
  readonly days: number;
}

/** `hardening pki sign`. */
export function signCommand(): Command {
  return withPassphrase(withFolder(new Command('sign')))
    .argument('<file>', "the request that the service's host made with hardening pki request")
    .summary('issue the certificate that a request asks for')
    .description(
      "Issues a service's certificate for a key that stays on the service's host. The request has to be for exactly " +
        'this identity, compared as DER, with a P-256 key that no other identity has, and may ask for nothing else.',
    )
    .requiredOption('--service <name>', 'the service', parseService)
    .option('--generation <number>', 'its generation', parseNumber(maximumGeneration), 1)
    .option(
      '--days <days>',
      'the lifetime',
      parseNumber(profiles.client.maximumLifetimeDays),
      defaultLifetimeDays,
    )
    .addHelpText('after', '\nExit codes: 0 issued, 2 refused or not possible, 130 ended at the prompt.')
    .action(sign);
}

async function sign(file: string, options: SignOptions): Promise<void> {
  const paths = keptFolder(options.dir);
  const { stack } = readIndex(paths.index);
  const { service, generation, days: lifetimeDays } = options;
  const certificate = await signRequest(
    paths,
    {
      text: readPem(file, false),
      source: file,
      identity: { stack, service, generation },
      lifetimeDays,
      now: new Date(),
    },
    unlocking(paths, options),
  );
  print(options, { certificate }, [pkiCommandText.signed(certificate)]);
}
