import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../../scripts/setup/find-program.mjs';
import { keptBuild } from '../../support/kept-build.ts';

/** A program that is built from modules of Go. */
export interface GoProgram {
  /** The folder here whose go.mod and go.sum pin the program and all that it is made of, by hash. */
  readonly module: string;
  /** The package to build. */
  readonly package: string;
  /** How long the first build takes, for people. */
  readonly takes: string;
}

/** Several times what the slowest takes on two cores: for slow mirrors and busy machines. */
const buildTimeoutMs = 1_200_000;

/** Why a program cannot be built here; undefined where it can. */
export function reasonNotToBuild(): string | undefined {
  return findProgram('go') === undefined ? 'go is not installed' : undefined;
}

/**
 * The path of the program, which is built when it is first asked for and kept: see {@link keptBuild}.
 *
 * @throws Error with what go said
 */
export async function goProgram(program: GoProgram): Promise<string> {
  const home = await keptBuild({
    name: program.module,
    recipe: await goRecipe(program),
    takes: program.takes,
    build: (folder) => buildGoProgram(program, join(folder, program.module)),
  });
  return join(home, program.module);
}

/** All that a build of it depends on, but for the version of Go: one that builds it will do. */
export async function goRecipe(program: GoProgram): Promise<readonly unknown[]> {
  const pins = ['go.mod', 'go.sum'].map((name) => readFile(join(moduleFolder(program), name), 'utf8'));
  return [program.package, process.platform, process.arch, ...(await Promise.all(pins))];
}

/**
 * Builds a program into a file. Modules come the way that this machine's `go` gets them; go.sum has the hash of each,
 * so it does not matter who hands them out.
 *
 * @param environment variables that the build has more
 * @throws Error with what go said
 */
export async function buildGoProgram(
  program: GoProgram,
  file: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const options = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-o', file];
  const endWithInput = fileURLToPath(new URL('end-with-input.sh', import.meta.url));
  const go = spawn(endWithInput, ['nice', 'go', 'build', ...options, program.package], {
    cwd: moduleFolder(program),
    // What it leaves when it is ended goes with the folder.
    env: { ...process.env, ...environment, TMPDIR: dirname(file) },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  go.stdin.on('error', () => undefined);
  const late = setTimeout(() => go.stdin.end(), buildTimeoutMs);
  let errors = '';
  go.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4_096)));
  const [status] = (await once(go, 'close')) as [number | null];
  clearTimeout(late);
  if (status !== 0) throw new Error(`go could not build ${program.module}: ${errors}`);
}

/** Where the program's go.mod is. */
export function moduleFolder({ module }: GoProgram): string {
  return fileURLToPath(new URL(module, import.meta.url));
}
