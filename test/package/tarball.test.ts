import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { hostStack } from '../constructs/support/deployed-stacks.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import {
  checkTypes,
  installInto,
  npmInstall,
  packKit,
  reasonNotToInstall,
  run,
  type Ended,
} from './support/installed-package.ts';
import { writeConfiguration, writeOwnApp } from './support/own-app.ts';

const reason = reasonNotToInstall();
const root = new URL('../../', import.meta.url);

describe.skipIf(reason !== undefined)(`the package in an empty project${reason ? `: ${reason}` : ''}`, () => {
  let folder: TemporaryFolder;
  let project: string;
  let files: readonly string[];
  let tarball: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const packed = await packKit();
    files = packed.files;
    tarball = packed.tarball;
    project = join(folder.path, 'project');
    await installInto(project, tarball);
    await writeConfiguration(project, { reviews: hostStack });
    await writeOwnApp(project);
  }, 600_000);
  afterAll(() => folder.remove());

  const hardening = (...parameters: string[]): Promise<Ended> =>
    run(join(project, 'node_modules', '.bin', 'hardening'), parameters, project);

  it('has every file of the source that is no TypeScript, at its place', async () => {
    const wanted: string[] = [];
    const folders = (await readdir(root)).filter((name) => name === 'lib' || /^templates(-|$)/.test(name));
    for (const name of folders) {
      const entries = await readdir(new URL(`${name}/`, root), { recursive: true, withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isFile() || entry.name.endsWith('.ts')) continue;
        wanted.push(`dist/${join(entry.parentPath, entry.name).slice(root.pathname.length)}`);
      }
    }
    expect(wanted.length).toBeGreaterThan(100);
    expect(wanted.filter((path) => !files.includes(path))).toEqual([]);
  });

  it('has nothing else: no source, test, bench, cache or key', () => {
    const places =
      /^(?:dist\/(?:lib|stacks|templates[a-z-]*|bin)\/.*|dist\/package\.json|bin\/hardening\.js|[A-Z]+\.md|docs\/versioning\.md|package\.json)$/;
    expect(files.filter((path) => !places.test(path))).toEqual([]);
    expect(files.filter((path) => /(?<!\.d)\.ts$|\.test\.|\.key$|tfstate|\.map$/.test(path))).toEqual([]);
  });

  it('compiles and synthesizes a stack of ten lines with the constructs, types of libraries checked', async () => {
    expect(await checkTypes(project)).toMatchObject({ code: 0, stdout: '' });
    expect(await run(process.execPath, ['out/own-app.js'], project)).toMatchObject({ code: 0, stderr: '' });
    const stack = join(project, 'cdktf.out', 'stacks', 'reviews');
    const text = await readFile(join(stack, 'cdk.tf.json'), 'utf8');
    const [, signProgram] = /node '([^']*sign-crl\.js)'/.exec(text) ?? [];
    const path = resolve(stack, signProgram ?? 'missing');
    expect(dirname(dirname(dirname(path)))).toBe(join(project, 'node_modules', 'review-hardening-kit'));
    // Without a request it says what it lacks: it runs from there.
    const signing = await run(process.execPath, [path], stack);
    expect(signing.stderr).toMatch(/there is nothing to sign/);
  }, 240_000);

  it('refuses a configuration that has a wrong field, in the types', async () => {
    const wrong =
      "import { defineConfig } from 'review-hardening-kit';\ndefineConfig({ stacks: { a: { gatway: {} } } });\n";
    await writeFile(join(project, 'wrong.ts'), wrong);
    const { code, stdout } = await checkTypes(project, '--skipLibCheck');
    await writeFile(join(project, 'wrong.ts'), 'export {};\n');
    expect({ code, stdout }).toMatchObject({
      code: 2,
      stdout: expect.stringContaining("'gatway'") as string,
    });
  });

  it('renders, and finds the rendered files up to date', async () => {
    expect(await hardening('render')).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(project, 'rendered/reviews/etc/hardening/gateway/nginx.conf'))).toBe(true);
    expect(await hardening('render', '--check')).toMatchObject({
      code: 0,
      stdout: 'rendered is up to date\n',
    });
  });

  it('synthesizes by its command and looks at the result with the policy', async () => {
    const { code, stdout, stderr } = await hardening('synth');
    expect({ code, stdout, stderr }).toMatchObject({
      code: 0,
      stdout: 'cdktf.out/stacks/reviews is written\n',
    });
    expect((await hardening('policy')).code).toBe(0);
  });

  it('says with the probe that a closed port tells nothing', async () => {
    const { code, stdout } = await hardening('probe', '127.0.0.1', '--port', '1');
    expect(stdout).toContain('port 1 is closed');
    expect(code).toBe(2);
  });

  it('makes a project that is formatted, compiles, is rendered and passes the policy', async () => {
    const own = join(folder.path, 'own');
    const parameters = [
      ...['--yes', '--server-name', 'models.example.com', '--ci', 'github', '--kit', tarball],
      ...['--target', 'host', '--address', '192.0.2.10', '--host-key', hostStack.target?.host?.hostKey ?? ''],
      ...['--ssh-source', '198.51.100.7/32', '--client-source', '198.51.100.0/24'],
    ];
    expect(await hardening('init', own, ...parameters)).toMatchObject({ code: 0, stderr: '' });
    await npmInstall(own);
    const commands = [
      ['npm', 'run', 'format:check'],
      ['npm', 'run', 'typecheck'],
      ['npx', 'hardening', 'render', '--check'],
      ['npx', 'hardening', 'synth'],
      ['npx', 'hardening', 'policy'],
    ];
    for (const [program = '', ...rest] of commands) {
      const { code, stdout, stderr } = await run(program, rest, own);
      expect({ code, said: code === 0 ? '' : stdout + stderr }, rest.join(' ')).toEqual({
        code: 0,
        said: '',
      });
    }
  }, 240_000);

  it('knows its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as {
      version: string;
    };
    expect(await hardening('--version')).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  const noNginx = findProgram('nginx') === undefined ? ': needs nginx, which is not installed' : '';
  it.skipIf(noNginx !== '')(`stands as a sandbox and is probed${noNginx}`, async () => {
    const { code, stdout } = await hardening('sandbox', '--once');
    expect(stdout).toContain('It holds');
    expect(code).toBe(0);
  });
});
