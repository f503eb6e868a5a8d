import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectCopy, type ProjectCopy } from './project-copy.ts';

let project: ProjectCopy;
beforeEach(() => {
  project = projectCopy();
  cpSync('.ci', join(project.root, '.ci'), { recursive: true });
});
afterEach(() => rmSync(project.root, { recursive: true }));

/** Runs `.ci/run` with sections that only end with the given codes, and tests that print the given lines. */
function run(
  codes: { setUp?: number; lint?: number; render?: number; tests?: number },
  testOutput: string[],
) {
  const scripts = {
    'format:check': 'echo format is checked',
    lint: `exit ${codes.lint ?? 0}`,
    typecheck: 'echo types are checked',
    test: 'node tests.mjs',
  };
  project.write('package.json', JSON.stringify({ name: 'copy', version: '1.0.0', type: 'module', scripts }));
  project.write('scripts/set-up.mjs', `process.exitCode = ${codes.setUp ?? 0};`);
  project.write('bin/hardening.js', `process.exitCode = ${codes.render ?? 0};`);
  project.write(
    'tests.mjs',
    `console.log(${JSON.stringify(testOutput.join('\n'))}); process.exitCode = ${codes.tests ?? 0};`,
  );
  const { status, stdout } = spawnSync('bash', ['.ci/run'], { cwd: project.root, encoding: 'utf8' });
  return { status, stdout, lastLine: stdout.trimEnd().split('\n').at(-1) };
}

describe('.ci/run', () => {
  it('passes where all sections do, and ends with the counts', () => {
    const { status, stdout, lastLine } = run({}, ['one', 'two', '3 passed, 0 failed, 1 skipped']);
    expect(status).toBe(0);
    expect(lastLine).toBe('3 passed, 0 failed, 1 skipped');
    expect(stdout).toContain('\none\ntwo\n');
    expect(stdout.match(/^3 passed/gm)).toHaveLength(1);
  });

  it.each([
    ['the set-up', { setUp: 2 }, 'Set-up'],
    ['lint', { lint: 1 }, 'Lint'],
    ['the rendered files', { render: 1 }, 'Rendered files'],
  ])('fails with %s, after all the other sections ran', (_name, codes, section) => {
    const { status, stdout, lastLine } = run(codes, ['3 passed, 0 failed']);
    expect(status).toBe(1);
    for (const text of [
      'format is checked',
      'types are checked',
      `Failed before the tests:\n  ${section}\n`,
    ]) {
      expect(stdout).toContain(text);
    }
    expect(lastLine).toBe('3 passed, 0 failed');
  });

  it('fails with the tests', () => {
    const { status, lastLine } = run({ tests: 1 }, ['2 passed, 1 failed']);
    expect(status).toBe(1);
    expect(lastLine).toBe('2 passed, 1 failed');
  });

  it.each([
    ['say nothing of their number', ['all is well']],
    ['say nothing', []],
  ])('fails with tests that %s', (_name, output) => {
    const { status, lastLine } = run({}, output);
    expect(status).toBe(1);
    expect(lastLine).toBe('0 passed, 1 failed');
  });
});
