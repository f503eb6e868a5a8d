import { Command } from 'commander';
import { defaultConfigFile } from '../config/load.ts';
import { pkiCommandText } from '../messages/pki-command.ts';
import { readIndex } from '../pki/issue-index.ts';
import { keptFolder } from '../pki/kept-folder.ts';
import { signFolderCrl } from '../pki/revoking.ts';
import {
  parseStack,
  print,
  readWanted,
  requireOwner,
  unlocking,
  withFolder,
  withPassphrase,
  type FolderOptions,
  type PassphraseOptions,
} from './pki-options.ts';

interface CrlOptions extends FolderOptions, PassphraseOptions {
  /** False for --no-config. */
  readonly config: string | false;
  readonly stack?: string;
}

/** `hardening pki crl`. */
export function crlCommand(): Command {
  return withPassphrase(withFolder(new Command('crl')))
    .summary('sign the revocation list')
    .description(
      'Revokes every certificate whose identity the configuration does not let in any more, and signs certs/ca.crl with ' +
        'all that is revoked and has not ended. The list is valid as long as the CA, so that its age locks nobody out.',
    )
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--no-config', 'revoke nothing but what is marked already')
    .option('--stack <name>', 'the stack; by default the one that the CA is for', parseStack)
    .addHelpText('after', '\nExit codes: 0 signed, 2 bad input or not possible, 130 ended at the prompt.')
    .action(crl);
}

async function crl(options: CrlOptions): Promise<void> {
  const paths = keptFolder(options.dir);
  const { stack } = readIndex(paths.index);
  requireOwner(paths, stack, options.stack);
  const wanted = options.config === false ? undefined : await readWanted(options.config, stack);
  const accepted = wanted && [wanted.health, ...wanted.clients].map(({ identity }) => identity);
  const authority = await unlocking(paths, options)();
  const signed = await signFolderCrl(paths, authority, { accepted, now: new Date() });
  const { number, entries, nextUpdate, marked } = signed;
  print(
    options,
    { file: paths.crl, number: String(number), entries, nextUpdate: nextUpdate.toISOString(), marked },
    pkiCommandText.crlSigned(
      paths.crl,
      number,
      entries,
      marked.map(({ service, generation }) => `${service ?? ''}-${generation ?? 0}`),
    ),
  );
}
