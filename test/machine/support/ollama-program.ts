import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../../scripts/setup/find-program.mjs';
import { keptBuild } from '../../support/kept-build.ts';
import { buildGoProgram, goRecipe, moduleFolder, reasonNotToBuild, type GoProgram } from './go-program.ts';

const run = promisify(execFile);

/** The newest that there is as a module of Go. From 0.30 on, models run in a program of another build. */
const ollama: GoProgram = {
  module: 'ollama',
  package: 'github.com/ollama/ollama',
  takes: 'six minutes or more',
};

/** Debian's packages with headers that are in Ollama's repository and not in its module. */
const headerPackages = ['nlohmann-json3-dev', 'libstb-dev'];

/** Why Ollama cannot be built here; undefined where it can. */
export function reasonForNoOllama(): string | undefined {
  const missing = ['gcc', 'g++', 'apt-get', 'dpkg-deb'].find((program) => findProgram(program) === undefined);
  return reasonNotToBuild() ?? (missing === undefined ? undefined : `${missing} is not installed`);
}

/**
 * The path of a real Ollama for the processor, which is built when it is first asked for and kept: see
 * {@link keptBuild}. Nothing is installed.
 *
 * @throws Error with what apt-get or go said
 */
export async function ollamaProgram(): Promise<string> {
  const home = await keptBuild({
    name: 'ollama',
    recipe: [await goRecipe(ollama), headerPackages],
    takes: ollama.takes,
    build: async (folder) => {
      const headers = await mkdtemp(join(folder, 'headers-'));
      const include = await collectHeaders(headers);
      await buildGoProgram(ollama, join(folder, 'ollama'), {
        CGO_ENABLED: '1',
        CGO_CPPFLAGS: include.map((path) => `-I${path}`).join(' '),
      });
      await rm(headers, { recursive: true });
    },
  });
  return join(home, 'ollama');
}

/** Puts the headers that Ollama's module lacks below a folder; returns the folders to look for them in. */
async function collectHeaders(folder: string): Promise<readonly string[]> {
  await run('apt-get', ['download', '-q', ...headerPackages], { cwd: folder });
  for (const name of await readdir(folder)) await run('dpkg-deb', ['--extract', name, '.'], { cwd: folder });
  const go = await run('go', ['mod', 'download', '-json', 'github.com/gen2brain/malgo'], {
    cwd: moduleFolder(ollama),
  });
  const { Dir: malgo } = JSON.parse(go.stdout) as { Dir: string };
  await mkdir(join(folder, 'more'));
  await symlink(malgo, join(folder, 'more/miniaudio'));
  return [join(folder, 'usr/include'), join(folder, 'more')];
}
