import { Command } from 'commander';
import { X509Certificate } from 'node:crypto';
import { pkiSection } from '../config/sections/pki.ts';
import { pkiCommandText } from '../messages/pki-command.ts';
import { authorityName } from '../pki/external.ts';
import { exists, readPem, pkiPaths } from '../pki/files.ts';
import { folderExists } from '../messages/pki-folder.ts';
import { initFolder } from '../pki/kept-folder.ts';
import { profiles } from '../pki/profiles.ts';
import {
  parseNumber,
  parseStack,
  print,
  withFolder,
  withPassphrase,
  type FolderOptions,
  type PassphraseOptions,
} from './pki-options.ts';
import { readNewPassphrase } from './pki-passphrase.ts';

interface InitOptions extends FolderOptions, PassphraseOptions {
  readonly stack: string;
  readonly caDays: number;
}

/** `hardening pki init`. */
export function initCommand(): Command {
  return withPassphrase(withFolder(new Command('init')))
    .summary('make a CA')
    .description(
      'Makes a folder with a new CA, its key encrypted with a passphrase of at least twelve characters, an empty ' +
        'revocation list and an index. The name of the CA ends with a hash of its key, so that it can be trusted ' +
        'beside an older one. A folder that has a CA is refused.',
    )
    .requiredOption('--stack <name>', 'the stack that it is for: O of everything that it issues', parseStack)
    .option(
      '--ca-days <days>',
      'how long the CA is valid',
      parseNumber(profiles.ca.maximumLifetimeDays),
      pkiSection.shape.caLifetimeDays.parse(undefined),
    )
    .addHelpText('after', '\nExit codes: 0 made, 2 bad input or not possible, 130 ended at the prompt.')
    .action(init);
}

async function init(options: InitOptions): Promise<void> {
  const paths = pkiPaths(options.dir);
  if (exists(paths.index)) throw folderExists(paths.root); // Before a passphrase is asked for.
  const passphrase = await readNewPassphrase({ file: options.passphraseFile });
  const { stack, caDays: lifetimeDays } = options;
  await initFolder(options.dir, { stack, lifetimeDays, passphrase, now: new Date() });
  const authority = new X509Certificate(readPem(paths.ca.certificate, false));
  const subject = authority.subject.replaceAll('\n', ', ');
  const made = {
    directory: paths.root,
    subject,
    name: authorityName(authority),
    notAfter: new Date(authority.validTo).toISOString(),
  };
  print(options, made, pkiCommandText.made(options.dir, subject, made.notAfter));
}
