import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import typescript from 'typescript';
import { keptBuild } from '../../support/kept-build.ts';

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

/** The kit as a package. */
export interface PackedKit {
  /** The tarball's path; it is not to be changed. */
  readonly tarball: string;
  /** The paths of the files in it. */
  readonly files: readonly string[];
}

/**
 * Packs this checkout with `npm pack`, from a copy, so that it gets no dist/. It is done once for a state of the
 * sources, and kept: see {@link keptBuild}.
 *
 * @throws Error with what npm said
 */
export async function packKit(): Promise<PackedKit> {
  const sources = await packageSources();
  const hashes = sources.map(async (path) => {
    const [{ mode }, content] = await Promise.all([stat(join(root, path)), readFile(join(root, path))]);
    return [path, mode & 0o111, createHash('sha256').update(content).digest('hex')];
  });
  const home = await keptBuild({
    name: 'package',
    recipe: [await Promise.all(hashes), typescript.version, process.version],
    takes: 'a quarter of a minute',
    build: async (folder, later) => {
      await removeUnused(dirname(later));
      await pack(sources, folder);
    },
  });
  await utimes(home, new Date(), new Date());
  const files = JSON.parse(await readFile(join(home, 'files.json'), 'utf8')) as string[];
  return { tarball: join(home, 'kit.tgz'), files };
}

/** Every file that the package is made of. */
async function packageSources(): Promise<string[]> {
  const templates = (await readdir(root)).filter((name) => /^templates(-|$)/.test(name));
  const documents = ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'docs/versioning.md'];
  const settings = ['package.json', 'tsconfig.json', 'tsconfig.build.json'];
  const folders = ['bin', 'lib', 'stacks', 'scripts/package', ...templates].map(async (folder) => {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(root, join(parentPath, name)));
  });
  return [...(await Promise.all(folders)).flat(), ...documents, ...settings].sort();
}

async function pack(sources: readonly string[], folder: string): Promise<void> {
  const copy = join(folder, 'copy');
  for (const path of sources) await cp(join(root, path), join(copy, path));
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], copy);
  if (packed.code !== 0) throw new Error(`npm pack: ${packed.stdout}${packed.stderr}`);
  const [one] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
  await rename(join(folder, one.filename), join(folder, 'kit.tgz'));
  await writeFile(join(folder, 'files.json'), JSON.stringify(one.files.map(({ path }) => path)));
  await rm(copy, { recursive: true });
}

/** Removes packages that nobody used for a day: each change of a source leaves one. */
async function removeUnused(cache: string): Promise<void> {
  const dayMs = 86_400_000;
  for (const name of await readdir(cache)) {
    if (!/^package-[0-9a-f]{16}$/.test(name)) continue;
    const { mtimeMs } = await stat(join(cache, name));
    if (mtimeMs < Date.now() - dayMs) await rm(join(cache, name), { recursive: true });
  }
}

/**
 * Makes a project of nothing but a package.json and installs the tarball into it, as a user does.
 *
 * @param fields what package.json says more
 */
export async function installInto(folder: string, tarball: string, fields: object = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  const project = { name: 'a-user', private: true, type: 'module', ...fields };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(project, undefined, 2)}\n`);
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
