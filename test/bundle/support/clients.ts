import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findProgram } from '../../../scripts/setup/find-program.mjs';
import { keptBuild } from '../../support/kept-build.ts';

const folder = fileURLToPath(new URL('../clients', import.meta.url));
const run = promisify(execFile);

/** The first installation of the clients takes this long at most: for slow mirrors and busy machines. */
export const installTimeoutMs = 300_000;

/** Loads packages of the npm registry that the clients' own lock pins by hash. They are not the project's. */
export async function npmClients(): Promise<(name: string) => unknown> {
  const lock = await readFile(join(folder, 'package-lock.json'), 'utf8');
  const home = await keptBuild({
    name: 'npm-clients',
    recipe: lock,
    takes: 'some seconds',
    build: async (draft) => {
      for (const name of ['package.json', 'package-lock.json'])
        await cp(join(folder, name), join(draft, name));
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: draft });
    },
  });
  return createRequire(join(home, 'package.json'));
}

/** Why the clients of PyPI cannot be installed here; undefined where they can. */
export function reasonForNoPython(): string | undefined {
  return findProgram('python3') === undefined ? 'python3 is not installed' : undefined;
}

/** A Python with the packages that requirements.txt pins by hash. */
export async function pythonClients(): Promise<{ readonly program: string; readonly path: string }> {
  const program = findProgram('python3') ?? 'python3';
  const version = (await run(program, ['--version'])).stdout;
  const requirements = await readFile(join(folder, 'requirements.txt'), 'utf8');
  const path = await keptBuild({
    name: 'python-clients',
    recipe: [requirements, version, process.arch],
    takes: 'some seconds',
    build: async (draft) => {
      const list = join(folder, 'requirements.txt');
      const options = ['--quiet', '--no-input', '--disable-pip-version-check', '--only-binary', ':all:'];
      await run(program, [
        ...['-m', 'pip', 'install', ...options, '--require-hashes', '--target', draft, '-r', list],
      ]);
    },
  });
  return { program, path };
}
