import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a command said and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why the package cannot be installed here; undefined where it can. */
export function reasonNotToInstall(): string | undefined {
  const asked = spawnSync('npm', ['view', 'leven@4.1.0', 'version', '--fetch-retries=0'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return asked.status === 0 && asked.stdout.trim() === '4.1.0'
    ? undefined
    : "needs npm's registry, for what the package depends on";
}

/** Runs a program to its end, without a terminal and without colours. */
export function run(
  program: string,
  parameters: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const own = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...environment };
  return new Promise((settle) => {
    const options = { cwd, env: own, timeout: 240_000, maxBuffer: 32 * 1024 * 1024 };
    const child = execFile(program, [...parameters], options, (error, stdout, stderr) => {
      settle({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end();
  });
}

/**
 * Packs this checkout with `npm pack`, from a copy, so that it gets no dist/.
 *
 * @param folder an empty folder for the copy and the tarball
 * @returns the tarball's path, and what is in it
 */
export async function packKit(folder: string): Promise<{ tarball: string; files: string[] }> {
  const copy = join(folder, 'kit');
  await mkdir(copy);
  const templates = (await readdir(root)).filter((name) => /^templates(-|$)/.test(name));
  const wanted = ['bin', 'lib', 'stacks', ...templates, 'scripts/package', 'package.json', 'tsconfig.json'];
  for (const path of [
    ...wanted,
    'tsconfig.build.json',
    'README.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'docs/versioning.md',
  ]) {
    await cp(join(root, path), join(copy, path), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], copy);
  if (packed.code !== 0) throw new Error(`npm pack: ${packed.stdout}${packed.stderr}`);
  const [one] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(folder, one.filename), files: one.files.map(({ path }) => path) };
}

/** Makes a project of nothing but a package.json and installs the tarball into it, as a user does. */
export async function installInto(folder: string, tarball: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "name": "a-user", "private": true, "type": "module" }\n');
  await npmInstall(folder, tarball);
}

/** `npm install`, without install scripts. */
export async function npmInstall(folder: string, ...packages: readonly string[]): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
  const { code, stdout, stderr } = await run('npm', ['install', ...quiet, ...packages], folder);
  if (code !== 0) throw new Error(`npm install: ${stdout}${stderr}`);
}

/** Checks a project's types with the compiler and the types of Node that this checkout has; libraries included. */
export function checkTypes(folder: string, ...more: readonly string[]): Promise<Ended> {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return run(process.execPath, [compiler, '--project', folder, ...more], folder);
}

/** Where this checkout has types of packages, for `typeRoots`. */
export const typeRoots = join(root, 'node_modules', '@types');
