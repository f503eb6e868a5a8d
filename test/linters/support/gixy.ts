import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonPackages } from '../../support/python-packages.ts';
import type { Finding } from './finding.ts';

const requirements = fileURLToPath(new URL('../requirements/gixy.txt', import.meta.url));

interface Issue {
  readonly plugin: string;
  readonly file: string;
  readonly severity: string;
  readonly reason: string;
}

/**
 * What gixy-ng says of nginx's main files and all that they include, at every level that it has. It is told no version
 * of nginx: distributions mend holes under the number that they have.
 *
 * @param mainFiles paths of nginx's main files
 * @param below the folder that findings are told from
 * @throws Error for a file that it cannot read
 */
export async function gixy(mainFiles: readonly string[], below: string): Promise<Finding[]> {
  const { program, path } = await pythonPackages('gixy', requirements);
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((settle, fail) => {
    execFile(
      program,
      ['-m', 'gixy', '--format', 'json', ...mainFiles],
      { env: { ...process.env, PYTHONPATH: path }, maxBuffer: 1 << 26 },
      // It ends with 1 where it finds something.
      (error, stdout, stderr) => {
        if (error !== null && error.code !== 1) fail(new Error(`gixy failed: ${stderr}`, { cause: error }));
        else settle({ stdout, stderr });
      },
    );
  });
  if (stderr !== '') throw new Error(`gixy could not read all: ${stderr}`);
  return (JSON.parse(stdout) as readonly Issue[]).map(({ plugin, file, severity, reason }) => ({
    rule: plugin,
    where: file.startsWith(join(below, '/')) ? file.slice(below.length + 1) : file,
    said: `${severity}: ${reason}`,
  }));
}
