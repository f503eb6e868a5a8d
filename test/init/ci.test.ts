import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ciFiles as files, scriptsOf } from './support/ci-files.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const program = fileURLToPath(new URL('../../bin/hardening.js', import.meta.url));

const fileOf = (path: string): string => files.find(([name]) => name === path)?.[1] ?? '';
const workflow = fileOf('github/.github/workflows/hardening.yml');
const withoutComments = (text: string): string => text.replace(/^\s*#.*$/gm, '');

/** The script of the step with this name. */
function stepOf(text: string, name: string): string {
  const [, after = ''] = text.split(`- name: ${name}\n`);
  return scriptsOf(after)[0] ?? '';
}

describe('the CI files', () => {
  it('are there for three code hosts', () => {
    expect(files.map(([path]) => path).sort()).toEqual([
      'bitbucket/bitbucket-pipelines.yml',
      'github/.github/workflows/hardening-plan.yml',
      'github/.github/workflows/hardening.yml',
      'gitlab/.gitlab-ci.yml',
    ]);
  });

  it.each(files)(
    '%s runs nobody else, no foreign code with secrets, and no install script',
    (_path, text) => {
      const own = withoutComments(text);
      expect(own).not.toMatch(/\buses:|pull_request_target|workflow_run|\binclude:|\bpipe:|curl|wget/);
      for (const install of own.match(/npm ci.*/g) ?? []) expect(install).toContain('--ignore-scripts');
      expect(own).not.toMatch(/npm install|npx /);
    },
  );

  it.each(files)('%s has shell that a shell can read, and only commands that there are', (_path, text) => {
    for (const script of scriptsOf(text)) {
      expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
    }
    const commands = new Set([...text.matchAll(/bin\/hardening ([a-z]+)/g)].map(([, name]) => name));
    expect(commands.size).toBeGreaterThan(0);
    for (const command of commands) {
      const { status } = spawnSync(process.execPath, [program, command ?? '', '--help']);
      expect(status, command).toBe(0);
    }
  });

  it.each(files)(
    '%s names the base by its hash or its whole name, and fetches no tag for it',
    (_path, text) => {
      for (const [, base = ''] of text.matchAll(/--base "([^"]*)"/g))
        expect(base).toMatch(/^(?:\$CI_MERGE_REQUEST_DIFF_BASE_SHA$|refs\/remotes\/origin\/\$)/);
      for (const [fetch] of text.matchAll(/git fetch.*/g)) expect(fetch).toContain(' --no-tags ');
    },
  );

  it('of GitHub give a token to a step that needs it, and write to none that runs the pull request', () => {
    expect(workflow).toMatch(/^permissions: \{\}$/m);
    const [check = '', comment = ''] = workflow.split(/^ {2}comment:$/m);
    expect(check).not.toMatch(/: write/);
    expect(check.match(/github\.token/g)).toHaveLength(1);
    expect(withoutComments(workflow)).not.toContain('secrets.');
    expect(comment.match(/: write/g)).toHaveLength(1);
    expect(comment).not.toMatch(/\bgit |npm |bin\/hardening/);
    // An expression in a script would be code of whoever names the branch.
    for (const [, text] of files) for (const script of scriptsOf(text)) expect(script).not.toContain('${{');
    expect(fileOf('github/.github/workflows/hardening-plan.yml')).toMatch(/environment: hardening-plan/);
  });
});

describe('the steps of the GitHub workflow', () => {
  let folder: TemporaryFolder;
  let work: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    work = join(folder.path, 'work');
    mkdirSync(work);
  });
  afterEach(() => folder.remove());

  const environment = (more: Record<string, string>): NodeJS.ProcessEnv => ({
    PATH: `${join(folder.path, 'bin')}:${process.env['PATH'] ?? ''}`,
    HOME: folder.path,
    ...more,
  });
  /** As the runner does: bash with -e. */
  const step = (name: string, more: Record<string, string>): { status: number | null; stderr: string } =>
    spawnSync('bash', ['-e', '-c', stepOf(workflow, name)], {
      cwd: work,
      env: environment(more),
      encoding: 'utf8',
    });
  const placeProgram = (path: string, text: string): void => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  };

  it('check out the commit, with the branch that it goes to, and keep no token', () => {
    const origin = join(folder.path, 'owner', 'reviews');
    const git = (...parameters: string[]): string =>
      execFileSync('git', ['-C', origin, '-c', 'user.name=a', '-c', 'user.email=a@b', ...parameters], {
        encoding: 'utf8',
      }).trim();
    mkdirSync(origin, { recursive: true });
    git('init', '-q', '-b', 'main');
    git('commit', '-q', '--allow-empty', '-m', 'one');
    const base = git('rev-parse', 'HEAD');
    git('switch', '-q', '-c', 'change');
    writeFileSync(join(origin, 'file'), 'changed');
    git('add', 'file');
    git('commit', '-q', '-m', 'two');
    git('tag', 'origin/main', 'change');
    const result = step('Check out', {
      GITHUB_SERVER_URL: `file://${folder.path}`,
      GITHUB_REPOSITORY: 'owner/reviews',
      GITHUB_SHA: git('rev-parse', 'HEAD'),
      GITHUB_BASE_REF: 'main',
      TOKEN: 'a-token-of-the-runner',
    });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(work, 'file'), 'utf8')).toBe('changed');
    expect(execFileSync('git', ['-C', work, 'tag', '--list'], { encoding: 'utf8' })).toBe('');
    expect(execFileSync('git', ['-C', work, 'rev-parse', 'origin/main'], { encoding: 'utf8' }).trim()).toBe(
      base,
    );
    const config = readFileSync(join(work, '.git', 'config'), 'utf8');
    expect(config).not.toMatch(/AUTHORIZATION|a-token/i);
  });

  it.each([
    [0, 0],
    [1, 0],
    [2, 2],
  ])('hand the review on where it ended with %i, and end with %i', (review, wanted) => {
    placeProgram(
      join(work, 'node_modules/.bin/hardening'),
      `#!/bin/sh\necho "# $*"; echo 'EOF'\nexit ${review}\n`,
    );
    const [output, summary] = [join(folder.path, 'output'), join(folder.path, 'summary')];
    const { status } = step('Review', {
      GITHUB_BASE_REF: 'main',
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
    });
    expect(status).toBe(wanted);
    if (wanted !== 0) {
      expect(existsSync(summary)).toBe(false);
      return;
    }
    expect(readFileSync(summary, 'utf8')).toBe('# review --base refs/remotes/origin/main\nEOF\n');
    const lines = readFileSync(output, 'utf8').split('\n');
    const end = /^review<<([0-9a-f]{32})$/.exec(lines[0] ?? '')?.[1];
    expect(lines.slice(1, 3)).toEqual(['# review --base refs/remotes/origin/main', 'EOF']);
    expect(lines.indexOf(end ?? '')).toBe(4);
  });

  it.each([
    ['a first comment', '', 'POST repos/owner/reviews/issues/7/comments'],
    ['its own comment anew', '12', 'PATCH repos/owner/reviews/issues/comments/12'],
  ])('write %s, with the review as text', (_name, found, call) => {
    const calls = join(folder.path, 'calls');
    placeProgram(
      join(folder.path, 'bin', 'gh'),
      `#!/bin/sh\ncase "$*" in *--paginate*) echo '${found}' ;; *) { echo "$*"; cat; } >'${calls}' ;; esac\n`,
    );
    const review = '`touch made` $(touch made) "quoted"';
    const result = step('Comment', {
      GITHUB_REPOSITORY: 'owner/reviews',
      NUMBER: '7',
      REVIEW: review,
      GH_TOKEN: 'a-token',
    });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(calls, 'utf8')).toBe(
      `api --method ${call} --field body=@- --silent\n<!-- hardening review -->\n${review}\n`,
    );
    expect(existsSync(join(work, 'made'))).toBe(false);
  });
});
