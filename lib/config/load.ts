import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { tsImport } from 'tsx/esm/api';
import { ConfigError, configText, showValue } from '../messages/config.ts';
import { parseConfig } from './parse.ts';
import type { Config } from './schema.ts';

/** The configuration's file name where a command is given none. */
export const defaultConfigFile = 'hardening.config.ts';

/**
 * Reads, runs and checks a configuration file (TypeScript or JavaScript with a default export). The file is code and
 * runs with the caller's rights. Every call runs it anew, files that it imports included.
 *
 * @throws ConfigError for what it says; UserError where it cannot be read or fails while it runs
 */
export async function loadConfig(file: string): Promise<Config> {
  const path = resolve(file);
  const shown = basename(file);
  if (!(await stat(path).catch(() => undefined))?.isFile()) throw configText.noFile(file);
  await refuseDuplicateKeys(path, shown);
  const exported = await run(path, shown);
  return parseConfig(exported, shown);
}

async function run(path: string, shown: string): Promise<unknown> {
  let module: unknown;
  try {
    module = await tsImport(pathToFileURL(path).href, import.meta.url);
  } catch (error) {
    throw configText.threw(shown, firstLines(error));
  }
  if (typeof module !== 'object' || module === null || !('default' in module)) {
    throw configText.noDefaultExport(shown);
  }
  return module.default;
}

/**
 * JavaScript lets the last of two equal keys win without a word, so that a service could be written twice. esbuild,
 * which compiles the file anyway, sees them.
 */
async function refuseDuplicateKeys(path: string, shown: string): Promise<void> {
  const source = await readFile(path, 'utf8');
  const result = await transform(source, { loader: 'ts', logLevel: 'silent' }).catch((error: unknown) => {
    throw configText.threw(shown, firstLines(error));
  });
  const duplicates = result.warnings.filter((warning) => warning.id === 'duplicate-object-key');
  if (duplicates.length === 0) return;
  throw new ConfigError(
    shown,
    duplicates.map((warning) => ({
      path: /"(.*)"/.exec(warning.text)?.[1] ?? '',
      got: showValue(warning.location?.lineText.trim()),
      ...configText.duplicateKey(warning.location?.line ?? 0),
    })),
  );
}

function firstLines(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n').slice(0, 6).join('\n');
}
