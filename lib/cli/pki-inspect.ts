import { Command } from 'commander';
import { inspectionText as text } from '../messages/pki-inspection.ts';
import { columns, paint, terminal } from '../messages/terminal.ts';
import { ExitCode } from '../messages/user-error.ts';
import { exists, pkiPaths, readPem } from '../pki/files.ts';
import { inspect } from '../pki/inspection.ts';
import { hasNotEnded, readIndex, type IndexEntry } from '../pki/issue-index.ts';
import { loadAuthorityCertificate } from '../pki/load.ts';
import { print, withFolder, type FolderOptions } from './pki-options.ts';

/** `hardening pki inspect`. */
export function inspectCommand(): Command {
  return withFolder(new Command('inspect'))
    .argument('[file]', 'a certificate, request or revocation list; by default all that the CA issued')
    .summary('show a certificate, request or list, or all that was issued')
    .description(
      'Says in words what a file is, and what is wrong with it for this kit. Its issuer is judged by the CA in --dir. ' +
        'Without a file, lists everything that the CA issued, ended and revoked ones included. Reads no private key.',
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing is wrong, 1 something is wrong with it, 2 it cannot be read.',
    )
    .action((file: string | undefined, options: FolderOptions) => {
      if (file === undefined) showIndex(options);
      else showFile(file, options);
    });
}

function showFile(file: string, options: FolderOptions): void {
  const { certificate: path } = pkiPaths(options.dir).ca;
  const authority = exists(path) ? loadAuthorityCertificate(path) : undefined;
  const found = inspect(readPem(file, false), file, authority, new Date());
  if (found.some(({ problems }) => problems.length > 0)) process.exitCode = ExitCode.attention;
  const out = terminal(process.stdout);
  const lines = found.flatMap(({ kind, facts, problems }) => [
    paint(out, 'bold', kind),
    ...columns(facts),
    ...(problems.length === 0
      ? [`${paint(out, 'green', '✔')} ${text.well}`]
      : problems.map((problem) => `${paint(out, 'red', '✘')} ${problem}`)),
    ...(authority === undefined && !kind.startsWith('CA') && kind !== 'request' ? [text.notJudged] : []),
  ]);
  print(options, found, lines);
}

function showIndex(options: FolderOptions): void {
  const { certificates } = readIndex(pkiPaths(options.dir).index);
  print(options, certificates, columns([text.head, ...certificates.map(row)]));
}

function row({ service, generation, serialNumber, notAfter, revoked }: IndexEntry): string[] {
  const state =
    revoked !== undefined
      ? text.states.revoked(revoked.date, revoked.reason)
      : hasNotEnded({ notAfter }, new Date())
        ? text.states.valid
        : text.states.ended;
  return [
    service === undefined ? 'server' : `${service}-${generation ?? 0}`,
    BigInt(serialNumber).toString(16).toUpperCase(),
    notAfter.slice(0, 10),
    state,
  ];
}
