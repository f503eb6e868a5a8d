import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { ConfigError, configText, showValue, type ConfigProblem } from '../messages/config.ts';
import { UserError } from '../messages/user-error.ts';
import { errorCode } from '../pki/file-errors.ts';
import { dotted, parseConfig } from './parse.ts';
import { firstLines, runConfig, type RunOptions } from './run-config.ts';
import type { Config } from './schema.ts';

/** The configuration's file name where a command is given none. */
export const defaultConfigFile = 'hardening.config.ts';

/** A configuration and where it was read from. */
export interface LoadedConfig {
  readonly config: Config;
  /** The absolute paths of the file and of all that it imports by path. */
  readonly files: readonly string[];
}

/**
 * Reads, runs and checks a configuration file (TypeScript or JavaScript with a default export). The file is code and
 * runs with the caller's rights, in a thread of its own. Every call reads it anew, with the files that it imports.
 *
 * @throws ConfigError for what it says; UserError where it cannot be read, fails while it runs or does not end; the
 *   reason of `options.ending` where that came first
 */
export async function loadConfig(file: string, options: RunOptions = {}): Promise<LoadedConfig> {
  const path = resolve(file);
  const shown = basename(file);
  const found = await stat(path).catch((error: unknown) => errorCode(error));
  if (typeof found !== 'object') throw configText.noFile(file, found ?? 'unknown');
  if (!found.isFile()) throw configText.notFile(file);
  const { source, files, duplicates } = await compile(path, shown);
  const value = await run(source, shown, options);
  if (duplicates.length === 0) return { config: parseConfig(value, shown), files };
  const places = await placesOf(duplicates, path, shown, options);
  throw new ConfigError(shown, [
    ...duplicates.map((duplicate, index) => ({
      path: places[index] ?? duplicate.key,
      got: showValue(duplicate.lineText.trim()),
      ...configText.duplicateKey(duplicate.line),
    })),
    ...problemsOf(value, shown),
  ]);
}

/** A key that is written twice in one object, as esbuild tells of the second one. */
interface DuplicateKey {
  readonly key: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 0, and `length`: in bytes. */
  readonly column: number;
  readonly length: number;
  readonly lineText: string;
}

/**
 * Compiles the file with all that it imports by path into one module, which Node's module cache has never seen.
 * JavaScript lets the last of two equal keys win without a word, so that a service could be written twice: esbuild
 * sees them.
 */
async function compile(
  path: string,
  shown: string,
  plugins: readonly Plugin[] = [],
): Promise<{ source: string; files: string[]; duplicates: DuplicateKey[] }> {
  const result = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    define: {
      'import.meta.url': JSON.stringify(pathToFileURL(path).href),
      'import.meta.dirname': JSON.stringify(dirname(path)),
      'import.meta.filename': JSON.stringify(path),
    },
    plugins: [packagesStayOutside, ...plugins],
  }).catch((error: unknown) => {
    throw configText.threw(shown, firstLines(error instanceof Error ? error.message : String(error)));
  });
  return {
    source: result.outputFiles[0]?.text ?? '',
    files: Object.keys(result.metafile.inputs).map((input) => resolve(input)),
    duplicates: result.warnings
      .filter((warning) => warning.id === 'duplicate-object-key')
      .map(({ text, location }) => ({
        key: /"(.*)"/.exec(text)?.[1] ?? '',
        file: resolve(location?.file ?? path),
        line: location?.line ?? 0,
        column: location?.column ?? 0,
        length: location?.length ?? 0,
        lineText: location?.lineText ?? '',
      })),
  };
}

/**
 * Where in the configuration the duplicate keys are. esbuild tells the line alone, so each is renamed to a marker, the
 * file is run again, and the markers are looked for in what it exports.
 *
 * @returns the paths; undefined for a key whose place cannot be told that way, such as one of a helper object
 */
async function placesOf(
  duplicates: readonly DuplicateKey[],
  path: string,
  shown: string,
  options: RunOptions,
): Promise<(string | undefined)[]> {
  const marker = (index: number): string => `duplicate-key-${index}-${markerEnd}`;
  const markerEnd = randomBytes(8).toString('hex');
  const renamed: Plugin = {
    name: 'duplicate-keys-renamed',
    setup: (compilation) => {
      const files = new Set(duplicates.map(({ file }) => file));
      compilation.onLoad({ filter: /./ }, async ({ path: file }) => {
        if (!files.has(file)) return undefined;
        const lines = (await readFile(file, 'utf8')).split('\n').map((line) => Buffer.from(line));
        duplicates.forEach((duplicate, index) => {
          const line = lines[duplicate.line - 1];
          if (duplicate.file !== file || line === undefined) return;
          const { column, length } = duplicate;
          lines[duplicate.line - 1] = Buffer.concat([
            line.subarray(0, column),
            Buffer.from(JSON.stringify(marker(index))),
            line.subarray(column + length),
          ]);
        });
        return { contents: lines.map((line) => line.toString()).join('\n'), loader: 'default' };
      });
    },
  };
  try {
    const { source } = await compile(path, shown, [renamed]);
    const value = await run(source, shown, options);
    return duplicates.map(({ key }, index) => {
      const place = placeOf(value, marker(index));
      return place && dotted([...place.slice(0, -1), key]);
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [];
  }
}

/** The path to a key, wherever it is in a value that may hold itself. */
function placeOf(value: unknown, key: string, seen = new Set<unknown>()): (string | number)[] | undefined {
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  if (Object.hasOwn(value, key)) return [key];
  for (const [name, inner] of Object.entries(value)) {
    const below = placeOf(inner, key, seen);
    if (below !== undefined) return [Array.isArray(value) ? Number(name) : name, ...below];
  }
  return undefined;
}

function problemsOf(value: unknown, shown: string): readonly ConfigProblem[] {
  try {
    parseConfig(value, shown);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Imports of packages are left to Node, by the absolute path that they have for the importing file. */
const packagesStayOutside: Plugin = {
  name: 'packages-stay-outside',
  setup: (compilation) => {
    compilation.onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
      if (kind === 'entry-point' || path.startsWith('node:')) return undefined;
      try {
        const found = createRequire(importer).resolve(path);
        return { path: found === path ? path : pathToFileURL(found).href, external: true };
      } catch {
        return { errors: [{ text: `Could not find the package ${showValue(path)}` }] };
      }
    });
  },
};

async function run(source: string, shown: string, options: RunOptions): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'hardening-config-'));
  try {
    const file = join(folder, 'config.mjs');
    await writeFile(file, source, { mode: 0o600 });
    return await runConfig(pathToFileURL(file).href, shown, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
