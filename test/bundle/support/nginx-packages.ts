import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hostRelease } from '../../distributions/support/availability.ts';
import { keptBuild } from '../../support/kept-build.ts';

const run = promisify(execFile);

/** What `apt-get install nginx-light` brings to a machine that has its libraries. */
export const packages = ['nginx-light', 'nginx', 'nginx-common', 'libnginx-mod-http-echo'];

/**
 * A folder that apt takes as a source, with nginx-light of the release that this machine runs. Its packages come from
 * this machine's own mirror.
 */
export async function nginxPackages(): Promise<string> {
  return keptBuild({
    name: 'nginx-packages',
    recipe: [hostRelease(), process.arch, packages],
    takes: 'some seconds',
    build: async (folder) => {
      await run('apt-get', ['download', '-q', ...packages], { cwd: folder });
      const entries = [];
      for (const name of (await readdir(folder)).sort()) {
        const [fields, size, sum] = await Promise.all([
          run('dpkg-deb', ['--field', name], { cwd: folder }),
          run('stat', ['-c', '%s', name], { cwd: folder }),
          run('sha256sum', [name], { cwd: folder }),
        ]);
        const hash = sum.stdout.split(' ')[0] ?? '';
        entries.push(
          `${fields.stdout.trimEnd()}\nFilename: ./${name}\nSize: ${size.stdout.trim()}\nSHA256: ${hash}\n`,
        );
      }
      await writeFile(join(folder, 'Packages'), entries.join('\n'));
    },
  });
}
