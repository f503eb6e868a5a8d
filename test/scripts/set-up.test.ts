import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../scripts/setup/host.mjs';
import { npmCommand } from '../../scripts/setup/npm-packages.mjs';
import { SetUpError } from '../../scripts/setup/set-up-error.mjs';
import { setUp } from '../../scripts/setup/set-up.mjs';
import { lockFile, projectCopy, type ProjectCopy } from './project-copy.ts';

const debianUser: Host = {
  platform: 'linux',
  name: 'Debian GNU/Linux 12 (bookworm)',
  packageManager: 'apt',
  isRoot: false,
  sudo: 'with-password',
};
const mac: Host = {
  ...debianUser,
  platform: 'darwin',
  name: 'macOS',
  packageManager: 'brew',
  sudo: 'absent',
};
const arch: Host = { ...debianUser, name: 'Arch Linux', packageManager: 'other' };

const present = (name: string) => `/usr/bin/${name}`;
const allBut =
  (...absent: string[]) =>
  (name: string) =>
    absent.includes(name) ? undefined : present(name);

let project: ProjectCopy;
beforeEach(() => {
  project = projectCopy();
});
afterEach(() => rmSync(project.root, { recursive: true }));

/** Runs the set-up with facts of another machine, and returns what it showed. */
async function setUpOn(
  host: Host,
  find: (name: string) => string | undefined,
  purpose: 'start' | 'test' = 'start',
): Promise<string[]> {
  const shown: string[] = [];
  await setUp({ root: project.root, purpose, host: () => host, find, show: (text) => shown.push(text) });
  return shown;
}

/** What the set-up of the npm packages fails with. */
async function npmFailure(show: (text: string) => void = () => undefined): Promise<SetUpError | undefined> {
  try {
    await setUp({ root: project.root, purpose: undefined, show });
    return undefined;
  } catch (error) {
    return error as SetUpError;
  }
}

/** The log file that a failure names. */
const logOf = (error: SetUpError | undefined) => /output: (.*)$/.exec(error?.fix ?? '')?.[1] ?? '';

describe('where the programs cannot be installed by the set-up', () => {
  it.each([
    [
      'sudo asks for a password',
      debianUser,
      (root: string) => `sudo sh ${root}/scripts/install-packages.sh nginx`,
    ],
    [
      'there is no sudo',
      { ...debianUser, sudo: 'absent' as const },
      (root: string) => `su -c 'sh ${root}/scripts/install-packages.sh nginx'`,
    ],
    ['it is macOS', mac, () => 'brew install nginx'],
  ])('%s: it names the one command to run, and does nothing', async (_name, host, command) => {
    const error = await setUpOn(host, allBut('nginx')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SetUpError);
    const { message, fix, exitCode } = error as SetUpError;
    expect(message).toBe('Not installed: nginx.');
    expect(fix.split('\n')).toContain(`  ${command(project.root)}`);
    expect(exitCode).toBe(2);
    expect(existsSync(join(project.root, 'node_modules'))).toBe(false);
  });

  it('the distribution is not known: it names the programs', async () => {
    await expect(setUpOn(arch, allBut('nginx', 'openssl'))).rejects.toMatchObject({
      message: 'Not installed: nginx, openssl.',
      fix: 'Fix: install nginx, openssl with the package manager of this system (Arch Linux) and run the command again.',
    });
  });

  it('the tests can do without some: it says so and goes on', async () => {
    const shown = await setUpOn(debianUser, allBut('nmap'), 'test');
    expect(shown[0]).toBe(
      'Set-up: not installed: nmap; the tests that need them are skipped. ' +
        `To have them: sudo sh ${project.root}/scripts/install-packages.sh --optional nmap`,
    );
    expect(existsSync(join(project.root, 'node_modules'))).toBe(true);
  });
});

describe('the npm packages', () => {
  const installing = expect.stringMatching(/^Set-up: installing the npm packages/) as string;

  it('are installed once, and again for another lock file', async () => {
    expect(await setUpOn(debianUser, present)).toEqual([installing]);
    expect(await setUpOn(debianUser, present)).toEqual([]);
    project.write('package-lock.json', `${lockFile('1.0.0')}\n`);
    expect(await setUpOn(debianUser, present)).toEqual([installing]);
    expect(await setUpOn(debianUser, present)).toEqual([]);
  });

  it('are installed again after the folder was emptied', async () => {
    await setUpOn(debianUser, present);
    rmSync(join(project.root, 'node_modules'), { recursive: true });
    expect(await setUpOn(debianUser, present)).toEqual([installing]);
  });

  const twoPackages = JSON.stringify({
    name: 'copy',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: {
      '': { name: 'copy', version: '1.0.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/here': { version: '1.0.0', optional: true, os: [process.platform], cpu: [process.arch] },
      'node_modules/elsewhere': { version: '1.0.0', optional: true, os: ['aix'], cpu: ['ppc64'] },
    },
  });
  const here = { version: '1.0.0', optional: true };

  it.each([
    [
      'the same',
      { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' }, 'node_modules/here': here },
      true,
    ],
    ['another version', { 'node_modules/a': { version: '1.0.1' }, 'node_modules/here': here }, false],
    ['one less', { 'node_modules/here': here }, false],
    ['those of another platform', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } }, false],
  ])('that npm installed without the set-up count if they are %s', async (_name, packages, count) => {
    project.write('package-lock.json', twoPackages);
    mkdirSync(join(project.root, 'node_modules'));
    project.write('node_modules/.package-lock.json', JSON.stringify({ packages }));
    // npm fails without a word of a registry: package.json asks for what the lock file lacks.
    project.write(
      'package.json',
      JSON.stringify({ name: 'copy', version: '1.0.0', dependencies: { b: '1.0.0' } }),
    );
    const error = await npmFailure();
    expect(error?.message).toBe(count ? undefined : 'npm ci failed (exit code 1).');
    if (!count) rmSync(join(logOf(error), '..'), { recursive: true });
  });

  it('that npm cannot install leave its words and a log', async () => {
    const packageJson = { name: 'copy', version: '1.0.0', dependencies: { b: 'file:missing.tgz' } };
    const b = { version: 'file:missing.tgz', resolved: 'file:missing.tgz' };
    project.write('package.json', JSON.stringify(packageJson));
    project.write(
      'package-lock.json',
      JSON.stringify({
        ...packageJson,
        lockfileVersion: 3,
        packages: { '': packageJson, 'node_modules/b': b },
      }),
    );
    const shown: string[] = [];
    const error = await npmFailure((text) => shown.push(text));
    const log = logOf(error);
    expect(shown.at(-1)).toContain('npm error code ENOENT');
    expect(readFileSync(log, 'utf8')).toContain('npm error code ENOENT');
    rmSync(join(log, '..'), { recursive: true });
  });

  it.each([
    [
      'the npm that runs the command',
      '/opt/npm/bin/npm-cli.js',
      [process.execPath, '/opt/npm/bin/npm-cli.js'],
    ],
    ['npm from PATH under another manager', '/opt/pnpm/bin/pnpm.cjs', ['npm']],
    ['npm from PATH', undefined, ['npm']],
  ])('are installed with %s', (_name, npm_execpath, command) => {
    expect(npmCommand({ npm_execpath }).slice(0, command.length + 1)).toEqual([...command, 'ci']);
  });
});

describe('two at once', () => {
  it('install the npm packages once', async () => {
    const run = () =>
      new Promise<string>((resolve) => {
        const child = spawn(process.execPath, ['scripts/start.mjs', '--help'], { cwd: project.root });
        let output = '';
        child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
        child.on('close', (code) => resolve(`${output}exit code ${code ?? 'none'}`));
      });
    const outputs = await Promise.all([run(), run(), run()]);
    expect(outputs.join('\n').match(/installing the npm packages/g)).toHaveLength(1);
    for (const output of outputs) expect(output).toMatch(/exit code 0$/);
    expect(existsSync(join(project.root, '.set-up.lock'))).toBe(false);
  });
});
