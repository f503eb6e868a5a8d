import { chmodSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A small project with the real scripts and a sandbox command that the test writes. It needs no npm package. */
export interface ProjectCopy {
  readonly root: string;
  write(path: string, text: string, mode?: number): void;
}

/** Makes one in a temporary folder, for the caller to remove. `lockVersion` makes its package-lock.json another one. */
export function projectCopy(sandboxCommand = ''): ProjectCopy {
  const root = mkdtempSync(join(tmpdir(), 'kit-project-'));
  const write: ProjectCopy['write'] = (path, text, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  };
  cpSync('scripts', join(root, 'scripts'), { recursive: true });
  write(
    'package.json',
    JSON.stringify({
      name: 'copy',
      version: '1.0.0',
      type: 'module',
      engines: { node: '>=20' },
      scripts: { start: 'node scripts/start.mjs', test: 'node scripts/test.mjs' },
    }),
  );
  write('package-lock.json', lockFile('1.0.0'));
  write('bin/hardening.js', sandboxCommand);
  return { root, write };
}

/** A lock file without packages, so that `npm ci` needs no registry. */
export function lockFile(version: string): string {
  const project = { name: 'copy', version };
  return JSON.stringify({ ...project, lockfileVersion: 3, requires: true, packages: { '': project } });
}
