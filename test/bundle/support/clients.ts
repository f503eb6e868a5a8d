import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { keptBuild } from '../../support/kept-build.ts';
import { pythonPackages, type PythonPackages } from '../../support/python-packages.ts';

const folder = fileURLToPath(new URL('../clients', import.meta.url));
const run = promisify(execFile);

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

/** A Python with the packages that requirements.txt pins by hash. */
export function pythonClients(): Promise<PythonPackages> {
  return pythonPackages('python-clients', join(folder, 'requirements.txt'));
}
