import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { policyText } from '../../messages/policy.ts';
import type { AssetFile, Stack } from '../stack.ts';
import { readAssets } from './assets.ts';
import { stackOfConfiguration } from './configuration.ts';
import { duplicateKey } from './duplicate-keys.ts';
import { isJson } from './json.ts';
import { stackOfPlan } from './plan.ts';
import type { Source } from './source.ts';

/** What terraform's JSON configuration has at its top. */
const configurationKeys = [
  'resource',
  'data',
  'module',
  'output',
  'provider',
  'terraform',
  'locals',
  'variable',
];

/** What terraform and OpenTofu read of a folder by themselves. */
const isRead = /\.(?:tf|tofu)(?:\.json)?$|(?:^terraform|\.auto)\.tfvars(?:\.json)?$/;

/**
 * Reads a stack: terraform's JSON configuration with the folder `assets` beside it, or a plan as JSON.
 *
 * @throws UserError for a file that cannot be read, has a key twice, or is neither
 */
export function readStack(file: string): Stack {
  const folder = dirname(resolve(file));
  let text: string;
  let files: AssetFile[];
  let beside: string[];
  try {
    text = readFileSync(file, 'utf8');
    files = readAssets(file);
    beside = readdirSync(folder)
      .filter((name) => name !== basename(file) && isRead.test(name))
      .sort();
  } catch (error) {
    throw policyText.unreadable(file, (error as NodeJS.ErrnoException).code ?? 'unknown');
  }
  return parseStack(file, text, files, { folder, beside });
}

/** Where a stack's text is from. */
interface Place {
  /** Where terraform runs; undefined: not known. */
  readonly folder?: string;
  /** Files of that folder that terraform reads too. */
  readonly beside?: readonly string[];
}

/**
 * Reads a stack's text.
 *
 * @throws UserError for what is no JSON, has a key twice, or is neither a configuration nor a plan
 */
export function parseStack(
  name: string,
  text: string,
  files: readonly AssetFile[] = [],
  { folder, beside = [] }: Place = {},
): Stack {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw policyText.notJson(name, error instanceof Error ? error.message : String(error));
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw policyText.duplicateKey(name, twice);
  return stackOfJson({ name, folder, beside, files }, json);
}

/**
 * Takes a stack's JSON that was parsed, or never was a text, in which no key can stand twice.
 *
 * @throws UserError for what is neither a configuration nor a plan
 */
export function stackOfJson(source: Source, json: unknown): Stack {
  if (isJson(json)) {
    if (Array.isArray(json['resource_changes']) || isJson(json['planned_values'])) {
      return stackOfPlan(source, json);
    }
    if (configurationKeys.some((key) => key in json)) return stackOfConfiguration(source, json);
  }
  throw policyText.neither(source.name);
}
