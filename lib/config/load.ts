import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { ConfigError, configText, showValue } from '../messages/config.ts';
import { parseConfig } from './parse.ts';
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
 * runs with the caller's rights. Every call reads it anew, with the files that it imports.
 *
 * @throws ConfigError for what it says; UserError where it cannot be read or fails while it runs
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const path = resolve(file);
  const shown = basename(file);
  if (!(await stat(path).catch(() => undefined))?.isFile()) throw configText.noFile(file);
  const { source, files } = await bundle(path, shown);
  return { config: parseConfig(await run(source, shown), shown), files };
}

/**
 * Compiles the file with all that it imports by path into one module, which Node's module cache has never seen.
 * JavaScript lets the last of two equal keys win without a word, so that a service could be written twice: esbuild
 * sees them.
 */
async function bundle(path: string, shown: string): Promise<{ source: string; files: string[] }> {
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
    plugins: [packagesStayOutside],
  }).catch((error: unknown) => {
    throw configText.threw(shown, firstLines(error));
  });
  const duplicates = result.warnings.filter((warning) => warning.id === 'duplicate-object-key');
  if (duplicates.length > 0) {
    throw new ConfigError(
      shown,
      duplicates.map((warning) => ({
        path: /"(.*)"/.exec(warning.text)?.[1] ?? '',
        got: showValue(warning.location?.lineText.trim()),
        ...configText.duplicateKey(warning.location?.line ?? 0),
      })),
    );
  }
  return {
    source: result.outputFiles[0]?.text ?? '',
    files: Object.keys(result.metafile.inputs).map((input) => resolve(input)),
  };
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

async function run(source: string, shown: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'hardening-config-'));
  let module: unknown;
  try {
    const file = join(folder, 'config.mjs');
    await writeFile(file, source, { mode: 0o600 });
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw configText.threw(shown, firstLines(error));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (typeof module !== 'object' || module === null || !('default' in module)) {
    throw configText.noDefaultExport(shown);
  }
  return module.default;
}

function firstLines(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n').slice(0, 6).join('\n');
}
