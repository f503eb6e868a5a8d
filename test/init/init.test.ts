import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { compareProject, writeProject } from '../../lib/init/write-project.ts';
import type { ProjectFile } from '../../lib/init/project-files.ts';
import { hostStack } from '../constructs/support/deployed-stacks.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = join(root, 'bin', 'hardening.js');

let folder: TemporaryFolder;
let project: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  project = join(folder.path, 'project');
});
afterEach(() => folder.remove());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, parameters: readonly string[], cwd = folder.path): Promise<Ended> {
  return new Promise((settle) => {
    const child = execFile(
      command,
      [...parameters],
      { cwd, env: { PATH: process.env['PATH'], HOME: folder.path, NO_COLOR: '1' }, timeout: 50_000 },
      (error, stdout, stderr) => settle({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

const init = (...parameters: string[]): Promise<Ended> =>
  run(process.execPath, [program, 'init', project, ...parameters]);
const named = ['--yes', '--server-name', 'models.example.com'];
const text = (path: string): string => readFileSync(join(project, path), 'utf8');
const everything = (): string[] =>
  existsSync(project) ? readdirSync(project, { recursive: true, encoding: 'utf8' }).sort() : [];

/** What a configuration imports, without the rest of the package. */
function standInForKit(): void {
  const kit = join(project, 'node_modules', 'review-hardening-kit');
  mkdirSync(kit, { recursive: true });
  writeFileSync(
    join(kit, 'package.json'),
    '{ "name": "review-hardening-kit", "type": "module", "exports": "./index.js" }',
  );
  writeFileSync(join(kit, 'index.js'), 'export const defineConfig = (config) => config;\n');
}

const { host } = hostStack.target ?? {};
const targets: [string, string[]][] = [
  ['nothing', []],
  [
    'a host',
    [
      ...['--target', 'host', '--address', '192.0.2.10', '--host-key', host?.hostKey ?? ''],
      ...[
        '--ssh-source',
        '198.51.100.7/32',
        '--client-source',
        '198.51.100.0/24',
        '--client-source',
        '2001:db8::/32',
      ],
    ],
  ],
  [
    'a droplet',
    [
      ...[
        '--target',
        'digitalocean',
        '--region',
        'fra1',
        '--size',
        's-4vcpu-8gb',
        '--ssh-source',
        '198.51.100.7/32',
      ],
      ...['--client-source', '198.51.100.0/24', '--admin-key', `alice=ssh-ed25519 ${'A'.repeat(68)}`],
    ],
  ],
];

describe('hardening init in an empty folder', () => {
  it.each(targets)('makes a project for %s that is formatted and rendered', async (_name, parameters) => {
    const longNames = ['--server-name', 'a-second-name-that-is-long.models.example.com'];
    const services = ['--service', 'live-review', '--service', 'ci'];
    const made = await init(...named, ...longNames, ...services, ...parameters, '--ci', 'github');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    standInForKit();
    const prettier = join(root, 'node_modules', 'prettier', 'bin', 'prettier.cjs');
    expect(await run(process.execPath, [prettier, '--check', '.'], project)).toMatchObject({ code: 0 });
    expect(await run(process.execPath, [program, 'render', '--check'], project)).toMatchObject({
      code: 0,
      stdout: 'rendered is up to date\n',
    });
  });

  it.each([
    ['github', ['.github/workflows/hardening-plan.yml', '.github/workflows/hardening.yml']],
    ['gitlab', ['.gitlab-ci.yml']],
    ['bitbucket', ['bitbucket-pipelines.yml']],
    ['none', []],
  ])('writes the files of the CI %s and of no other', async (ci, files) => {
    const { code, stdout } = await init(...named, '--ci', ci, '--json');
    expect(code).toBe(0);
    const { written } = JSON.parse(stdout) as { written: string[] };
    expect(written.filter((path) => path.endsWith('.yml'))).toEqual(files);
    expect(files.filter((path) => !existsSync(join(project, path)))).toEqual([]);
  });

  it('keeps state, keys and bundles out of git', async () => {
    await init(...named);
    execFileSync('git', ['init', '-q', project]);
    const secret = [
      'cdktf.out/stacks/a/cdk.tf.json',
      'terraform.a.tfstate',
      'terraform.a.tfstate.backup',
      'a.tfplan',
      'deep/server.key',
      'ci.p12',
      'bundles/ci/client.crt',
      'pki/secrets/ca.pem',
      '.sandbox/pki/ca.crt',
    ];
    const { stdout } = await run('git', ['check-ignore', ...secret], project);
    expect(stdout.trim().split('\n')).toEqual(secret);
    const kept = [
      'hardening.config.ts',
      'rendered/production/MANIFEST',
      'package-lock.json',
      'pki/certs/ca.crt',
    ];
    expect((await run('git', ['check-ignore', ...kept], project)).stdout).toBe('');
  });
});

describe('hardening init without a terminal', () => {
  it('names every option that is missing, and writes nothing', async () => {
    const { code, stderr } = await init('--stack', 'a', '--target', 'host');
    expect(code).toBe(2);
    const flags = [
      '--server-name',
      '--service',
      '--address',
      '--host-key',
      '--ssh-source',
      '--client-source',
      '--ci',
    ];
    expect(stderr).toContain(`missing: ${flags.join(', ')}\n`);
    expect(everything()).toEqual([]);
  });

  it.each([
    ['a name', ['--server-name', 'not a name'], /gateway\.serverNames\[1\]/],
    ['a stack', ['--stack', 'Production'], /stacks\.Production/],
    ['a key of no name', [...(targets[2]?.[1] ?? []), '--admin-key', 'ssh-ed25519 AAAA'], /--admin-key got/],
    ['a target', ['--target', 'moon'], /Allowed choices are host, digitalocean, none/],
  ])('refuses %s that cannot be, and writes nothing', async (_name, parameters, said) => {
    const { code, stderr } = await init(...named, ...parameters);
    expect(stderr).toMatch(said);
    expect(code).toBe(2);
    expect(everything()).toEqual([]);
  });
});

describe('hardening init where something is', () => {
  beforeEach(() => mkdirSync(project));

  it('leaves files alone that differ, and says so with exit code 1', async () => {
    const own = {
      'hardening.config.ts': 'export default {};\n',
      'tsconfig.json': '{}\n',
      'package.json': '{"name":"x"}',
    };
    for (const [path, content] of Object.entries(own)) writeFileSync(join(project, path), content);
    const { code, stdout } = await init(...named);
    expect(code).toBe(1);
    for (const [path, content] of Object.entries(own)) expect(text(path)).toBe(content);
    expect(stdout).toContain('hardening.config.ts left as it is\n');
    expect(stdout).toContain('scripts: "typecheck": "tsc --noEmit"\n');
    expect(stdout).toContain('dependencies: "review-hardening-kit"');
    expect(existsSync(join(project, 'rendered'))).toBe(false);
    expect(existsSync(join(project, 'cdktf.json'))).toBe(true);
  });

  it('adds to .gitignore what it lacks, below what takes something back', async () => {
    const own = '# ours\n*.key\n!*.key\nnode_modules/';
    writeFileSync(join(project, '.gitignore'), own);
    expect((await init(...named)).code).toBe(0);
    const lines = text('.gitignore').slice(own.length).trim().split('\n');
    expect(text('.gitignore').startsWith(`${own}\n`)).toBe(true);
    expect(lines).toContain('*.key');
    expect(lines).not.toContain('node_modules/');
    const once = text('.gitignore');
    expect((await init(...named)).code).toBe(0);
    expect(text('.gitignore')).toBe(once);
  });

  it('says of a second run that all is there', async () => {
    await init(...named, '--ci', 'gitlab');
    const before = everything();
    const { code, stdout } = await init(...named, '--ci', 'gitlab', '--json');
    expect({ code, before }).toEqual({ code: 0, before: everything() });
    expect(JSON.parse(stdout)).toMatchObject({ written: [], replaced: [], extended: [], left: [] });
  });

  it.each([
    ['a file has the name of a folder', () => writeFileSync(join(project, '.github'), '')],
    ['a folder has the name of a file', () => mkdirSync(join(project, 'cdktf.json'))],
    ['a link leads elsewhere', () => symlinkSync(folder.path, join(project, '.github'))],
  ])('writes nothing where %s', async (_name, make) => {
    make();
    const before = everything();
    const { code, stderr } = await init(...named, '--ci', 'github');
    expect(stderr).toContain('nothing was written');
    expect({ code, after: everything() }).toEqual({ code: 2, after: before });
    expect(readdirSync(folder.path)).toEqual(['project']);
  });

  it('writes nothing where the folder is a file', async () => {
    const file = join(project, 'file');
    writeFileSync(file, '');
    const { code, stderr } = await run(process.execPath, [program, 'init', file, ...named]);
    expect(stderr).toContain('file is no folder; nothing was written');
    expect(code).toBe(2);
  });

  it('refuses a CI file below the top of a repository', async () => {
    execFileSync('git', ['init', '-q', folder.path]);
    expect(await init(...named, '--ci', 'github')).toMatchObject({ code: 2 });
    expect(everything()).toEqual([]);
    expect(await init(...named, '--ci', 'none')).toMatchObject({ code: 0 });
  });

  it('takes everything back where one file cannot be written', () => {
    const file = (path: string, content = 'ours'): ProjectFile => ({
      path,
      content,
      mode: 0o644,
      keepsWhatWasThere: true,
    });
    writeFileSync(join(project, 'own'), 'theirs');
    const outcomes = compareProject(project, [
      file('own'),
      file('deep/er/new'),
      file('twice'),
      file('twice'),
    ]);
    expect(() => writeProject(project, outcomes)).toThrow(
      /twice cannot be written: EEXIST; what was written was taken back/,
    );
    expect(everything()).toEqual(['own']);
    expect(text('own')).toBe('theirs');
  });
});

const noTerminal = findProgram('script') === undefined ? ': needs script(1), for a terminal' : '';
describe.skipIf(noTerminal !== '' || process.platform !== 'linux')(
  `hardening init on a terminal${noTerminal}`,
  () => {
    /** Types each answer once its question is there. */
    function answer(parameters: string, answers: readonly (readonly [RegExp, string])[]): Promise<Ended> {
      return new Promise((settle) => {
        const command = `${process.execPath} ${program} init ${project} ${parameters}`;
        const child = execFile(
          'script',
          ['--quiet', '--return', '--command', command, '/dev/null'],
          {
            env: { PATH: process.env['PATH'], HOME: folder.path, NO_COLOR: '1', TERM: 'dumb' },
            timeout: 50_000,
          },
          (error, stdout, stderr) =>
            settle({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
        );
        let said = '';
        let next = 0;
        child.stdout?.on('data', (more: string) => {
          said += more;
          const [question, typed] = answers[next] ?? [];
          if (question === undefined || !question.test(said)) return;
          next += 1;
          said = '';
          child.stdin?.write(typed ?? '');
        });
      });
    }

    it('asks for what is not given, and again where it is no answer', async () => {
      const ended = await answer('--stack box --target none', [
        [/host names.*: $/, '\r'],
        [/an answer is needed[^]*host names.*: $/, 'models.example.com other.example.com\r'],
        [/services.*\[ci\]: $/, '\r'],
        [/The CI.*\[none\]: $/, 'jenkins\r'],
        [/one of: github[^]*The CI.*: $/, 'gitlab\r'],
      ]);
      expect(ended).toMatchObject({ code: 0 });
      expect(text('hardening.config.ts')).toContain(
        'serverNames: ["models.example.com", "other.example.com"]',
      );
      expect(existsSync(join(project, '.gitlab-ci.yml'))).toBe(true);
    });

    it('replaces a file that it was told to, and no other', async () => {
      mkdirSync(project);
      writeFileSync(join(project, 'cdktf.json'), '{}');
      writeFileSync(join(project, 'tsconfig.json'), '{}');
      const ended = await answer(
        '--stack box --server-name a.example.com --service ci --target none --ci none',
        [
          [/cdktf\.json is there and differs.*: $/, 'y\r'],
          [/tsconfig\.json is there and differs.*: $/, '\r'],
        ],
      );
      expect(ended).toMatchObject({ code: 1 });
      expect(text('cdktf.json')).toContain('hardening synth');
      expect(text('tsconfig.json')).toBe('{}');
    });

    it('writes nothing where the questions are ended', async () => {
      expect(await answer('', [[/stack's name.*: $/, '\u0003']])).toMatchObject({ code: 130 });
      expect(everything()).toEqual([]);
    });
  },
);
