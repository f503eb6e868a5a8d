// @ts-check
// `npm run build`: what the package holds, in dist/. Laid out as the source is, so that a file finds another by the same
// relative path in both. docs/decisions/0016 says why.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
// Made beside it and moved at the end, so that a build that fails leaves no half of a package.
const made = join(root, `.dist-${process.pid}`);

/** @param {string} folder */
const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** @param {string} from @param {string} path */
const copy = (from, path) => {
  mkdirSync(dirname(join(made, path)), { recursive: true });
  cpSync(from, join(made, path));
};

try {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const parameters = ['--project', join(root, 'tsconfig.build.json'), '--outDir', made];
  const { status } = spawnSync(process.execPath, [compiler, ...parameters], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('the source does not compile');

  // The compiler rewrites imports in programs and leaves them in declarations.
  for (const file of filesOf(made).filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/((?:from|import\()\s*'\.{1,2}\/[^']*)\.ts'/g, "$1.js'"));
  }
  // Shell programs, units and the worker that stand beside the source.
  for (const file of filesOf(join(root, 'lib'))) {
    if (extname(file) !== '.ts') copy(file, relative(root, file));
  }
  for (const folder of readdirSync(root).filter((name) => /^templates(-|$)/.test(name))) {
    for (const file of filesOf(join(root, folder))) copy(file, relative(root, file));
  }
  // terraform runs it by its path, from a stack's folder.
  mkdirSync(join(made, 'bin'));
  writeFileSync(join(made, 'bin', 'sign-crl.js'), "import '../lib/cli/sign-crl.js';\n");
  const { name, version, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { prettier, typescript } = devDependencies;
  writeFileSync(
    join(made, 'package.json'),
    `${JSON.stringify({ name, version, type: 'module', devDependencies: { prettier, typescript } }, undefined, 2)}\n`,
  );

  rmSync(dist, { recursive: true, force: true });
  renameSync(made, dist);
} catch (error) {
  rmSync(made, { recursive: true, force: true });
  console.error(`build: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
