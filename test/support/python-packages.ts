import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { keptBuild } from './kept-build.ts';

const run = promisify(execFile);

/** The first installation of packages takes this long at most: for slow mirrors and busy machines. */
export const installTimeoutMs = 300_000;

/**
 * Why packages of PyPI cannot be installed here; undefined where they can.
 *
 * @param minor of Python 3, that the packages are pinned for, and later ones; any unless given
 */
export function reasonForNoPython(minor = 0): string | undefined {
  const program = findProgram('python3');
  if (program === undefined) return 'python3 is not installed';
  const succeeds = (code: string): boolean => spawnSync(program, ['-c', code]).status === 0;
  if (!succeeds(`import sys; sys.exit(sys.version_info < (3, ${minor}))`))
    return `python3 is older than 3.${minor}`;
  return succeeds('import pip') ? undefined : 'python3 has no pip';
}

/** A Python and the folder with its packages, for PYTHONPATH. */
export interface PythonPackages {
  readonly program: string;
  readonly path: string;
}

/**
 * The packages that a requirements file pins by hash, kept for later runs.
 *
 * @param name what they are, for people
 * @param requirementsFile its path
 */
export async function pythonPackages(name: string, requirementsFile: string): Promise<PythonPackages> {
  const program = findProgram('python3') ?? 'python3';
  const version = (await run(program, ['--version'])).stdout;
  const requirements = await readFile(requirementsFile, 'utf8');
  const path = await keptBuild({
    name,
    recipe: [requirements, version, process.arch],
    takes: 'some seconds',
    build: async (draft) => {
      const options = ['--quiet', '--no-input', '--disable-pip-version-check', '--only-binary', ':all:'];
      await run(program, [
        ...['-m', 'pip', 'install', ...options, '--require-hashes', '--target', draft],
        ...['-r', requirementsFile],
      ]);
    },
  });
  return { program, path };
}
