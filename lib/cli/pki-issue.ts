import { isIP } from 'node:net';
import { Command, InvalidArgumentError } from 'commander';
import { defaultConfigFile } from '../config/load.ts';
import { healthService } from '../config/values.ts';
import { pkiCommandText } from '../messages/pki-command.ts';
import { columns } from '../messages/terminal.ts';
import { maximumGeneration } from '../pki/identity.ts';
import { readIndex } from '../pki/issue-index.ts';
import { issueDue, type IssueWanted } from '../pki/issuing.ts';
import { keptFolder } from '../pki/kept-folder.ts';
import { profiles } from '../pki/profiles.ts';
import { refusedEntries } from '../pki/revoking.ts';
import {
  collectDnsNames,
  defaultLifetimeDays,
  parseNumber,
  parseService,
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

interface IssueOptions extends FolderOptions, PassphraseOptions {
  readonly config: string;
  readonly stack?: string;
  readonly generation: number;
  readonly days: number;
  readonly serverName?: readonly string[];
  readonly address?: readonly string[];
}

const help = `
Without an argument, issues what the configuration wants and the folder lacks, renews what does not fit it or is in the
last third of its life, and leaves everything else alone. A renewed certificate keeps its key. With one, issues that:
  server     the gateway's certificate, for --server-name and --address
  health     the identity that the machine checks itself with
  SERVICE    a service's certificate, of --generation

Exit codes: 0 done, 2 bad input or not possible, 130 ended at the prompt.`;

/** `hardening pki issue`. */
export function issueCommand(): Command {
  return withPassphrase(withFolder(new Command('issue')))
    .argument(
      '[what]',
      "'server', 'health' or a service; by default everything that the configuration wants",
      parseService,
    )
    .summary('issue what the configuration wants and lacks')
    .description('Makes keys and issues certificates. No passphrase is asked for where nothing is due.')
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--stack <name>', 'the stack; by default the one that the CA is for', parseStack)
    .option('--generation <number>', 'of a service', parseNumber(maximumGeneration), 1)
    .option(
      '--days <days>',
      'the lifetime of a single one',
      parseNumber(profiles.client.maximumLifetimeDays),
      defaultLifetimeDays,
    )
    .option('--server-name <name>', 'a DNS name of the gateway; may be repeated', collectDnsNames)
    .option('--address <address>', 'an IP address of the gateway; may be repeated', collectAddresses)
    .addHelpText('after', help)
    .action(issue);
}

function collectAddresses(text: string, before: readonly string[] | undefined): string[] {
  if (isIP(text) === 0 || text.includes('%')) throw new InvalidArgumentError('Give an IP address.');
  return [...(before ?? []), text];
}

async function issue(what: string | undefined, options: IssueOptions): Promise<void> {
  const paths = keptFolder(options.dir);
  const { stack } = readIndex(paths.index);
  requireOwner(paths, stack, options.stack);
  const now = new Date();
  const everything = what === undefined ? await readWanted(options.config, stack) : undefined;
  const wanted = everything ?? single(what ?? '', stack, options);
  const results = await issueDue(paths, wanted, unlocking(paths, options), now);
  const lines = columns(
    results.map(({ name, outcome, notAfter }) => [
      name,
      pkiCommandText.outcomes[outcome],
      pkiCommandText.until(notAfter),
    ]),
  );
  const accepted = everything && [everything.health, ...everything.clients].map(({ identity }) => identity);
  const refused =
    accepted === undefined
      ? []
      : refusedEntries(readIndex(paths.index), accepted, now).filter(({ revoked }) => revoked === undefined);
  print(options, results, [
    ...lines,
    ...(refused.length > 0 ? [pkiCommandText.toRevoke(refused.length, options.dir)] : []),
  ]);
}

function single(what: string, stack: string, options: IssueOptions): IssueWanted {
  const { days: lifetimeDays, serverName = [], address = [], generation } = options;
  const client = (service: string) => ({ identity: { stack, service, generation }, lifetimeDays });
  if (what === healthService) return { stack, health: client(healthService), clients: [] };
  if (what !== 'server') return { stack, clients: [client(what)] };
  if (serverName.length + address.length === 0) throw pkiCommandText.noServerName;
  return { stack, server: { serverNames: serverName, addresses: address, lifetimeDays }, clients: [] };
}
