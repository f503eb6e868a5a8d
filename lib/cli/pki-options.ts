import { InvalidArgumentError, type Command } from 'commander';
import type * as z from 'zod';
import { loadConfig } from '../config/load.ts';
import { serviceSection } from '../config/sections/services.ts';
import { dnsName, serviceName, stackName } from '../config/values.ts';
import { configText } from '../messages/config.ts';
import { pkiCommandText } from '../messages/pki-command.ts';
import { externalWanted } from '../model/external-wanted.ts';
import { resolve } from '../model/resolve.ts';
import type { Authority } from '../pki/authority.ts';
import type { ExternalWanted } from '../pki/external.ts';
import type { PkiPaths } from '../pki/files.ts';
import { unlockAuthority } from '../pki/kept-folder.ts';
import { parseFolder } from './parameters.ts';
import { readPassphrase } from './pki-passphrase.ts';

/** The lifetime of a service's certificate where nothing says another, in days: the configuration's default. */
export const defaultLifetimeDays = serviceSection.shape.certificateLifetimeDays.parse(undefined);

/** What every command with a folder has. */
export interface FolderOptions {
  readonly dir: string;
  readonly json: boolean;
}

export interface PassphraseOptions {
  readonly passphraseFile?: string;
}

export function withFolder(command: Command): Command {
  return command
    .option('--dir <dir>', 'the folder of the CA', parseFolder, 'pki')
    .option('--json', 'print JSON', false);
}

export function withPassphrase(command: Command): Command {
  return command.option(
    '--passphrase-file <file>',
    "a file with the passphrase that nobody else may read, '-' for the standard input; by default it is asked for",
  );
}

/** Makes a parser of a parameter from the schema of a configuration's field. */
function parserOf<Value>(schema: z.ZodType<Value>, what: string): (text: string) => Value {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (!parsed.success) throw new InvalidArgumentError(what);
    return parsed.data;
  };
}

export const parseStack = parserOf(stackName, 'Give the name of a stack.');
export const parseService = parserOf(serviceName, 'Give the name of a service.');
const parseDnsName = parserOf(dnsName, 'Give a DNS name in lower case.');

/** Collects DNS names that are given one after another. */
export function collectDnsNames(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), parseDnsName(text)];
}

/** A whole number from 1 to `maximum`. */
export function parseNumber(maximum: number): (text: string) => number {
  return (text) => {
    if (!/^[1-9][0-9]{0,9}$/.test(text) || Number(text) > maximum) {
      throw new InvalidArgumentError(`Give a whole number from 1 to ${maximum}.`);
    }
    return Number(text);
  };
}

/**
 * Reads what a stack of the configuration wants of the folder.
 *
 * @param owner the stack that the folder's CA is for.
 * @throws {UserError} for a configuration that is wrong, or does not have the stack.
 */
export async function readWanted(config: string, owner: string): Promise<ExternalWanted> {
  const { stacks } = (await loadConfig(config)).config;
  const stack = Object.hasOwn(stacks, owner) ? stacks[owner] : undefined;
  if (stack === undefined) throw configText.noSuchStack(owner, Object.keys(stacks));
  return externalWanted(resolve(owner, stack));
}

/** Refuses to work for another stack than the folder's. */
export function requireOwner(paths: PkiPaths, owner: string, stack: string | undefined): void {
  if (stack !== undefined && stack !== owner) throw pkiCommandText.otherStack(paths.root, owner, stack);
}

/** Decrypts the CA's key when it is needed. */
export function unlocking(paths: PkiPaths, options: PassphraseOptions): () => Promise<Authority> {
  return async () => unlockAuthority(paths, await readPassphrase({ file: options.passphraseFile }));
}

/** Prints a result as one JSON value, or the lines for people. */
export function print(options: { readonly json: boolean }, value: unknown, lines: readonly string[]): void {
  process.stdout.write(options.json ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`);
}
