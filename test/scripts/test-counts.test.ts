import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { countLine, countTests } from '../../scripts/test-run/test-counts.mjs';

const file = (status: string, tests: string[], message?: string) => ({
  name: 'a.test.ts',
  status,
  ...(message === undefined ? {} : { message }),
  assertionResults: tests.map((test, index) => ({ status: test, fullName: `test ${index}` })),
});

describe('the closing line of a report', () => {
  it.each([
    ['passed tests', [file('passed', ['passed', 'passed'])], 0, '2 passed, 0 failed'],
    ['a failed test', [file('failed', ['passed', 'failed'])], 1, '1 passed, 1 failed'],
    [
      'skipped, pending and to-do tests',
      [file('passed', ['passed', 'skipped', 'pending', 'todo'])],
      0,
      '1 passed, 0 failed, 3 skipped',
    ],
    [
      'a file that does not load',
      [file('failed', [], 'no such module'), file('passed', ['passed'])],
      1,
      '1 passed, 1 failed',
    ],
    [
      'a hook that fails before the tests',
      [file('failed', ['skipped', 'skipped'])],
      1,
      '0 passed, 1 failed, 2 skipped',
    ],
    ['a hook that fails after the tests', [file('failed', ['passed'])], 1, '1 passed, 1 failed'],
    ['an error that no test caught', [file('passed', ['passed'])], 1, '1 passed, 1 failed'],
    ['a status that is not known', [file('passed', ['passed', 'vanished'])], 0, '1 passed, 1 failed'],
    ['no test file', [], 0, '0 passed, 1 failed'],
    ['only skipped tests', [file('passed', ['skipped'])], 0, '0 passed, 1 failed, 1 skipped'],
    ['no report', undefined, 0, '0 passed, 1 failed'],
  ] as const)('%s', (_name, testResults, exitCode, line) => {
    const report = testResults === undefined ? undefined : { testResults: [...testResults] };
    expect(countLine(countTests(report, exitCode))).toBe(line);
  });

  it('names what failed outside a test, and why', () => {
    const { notes } = countTests({ testResults: [file('failed', [], 'no such module\nat …')] }, 1);
    expect(notes).toEqual(['a.test.ts failed outside its tests: no such module']);
  });
});

describe('a run of vitest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kit-test-run-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs test files of the given text with scripts/test-run, as `npm test` does, in a folder of their own. */
  function run(files: Record<string, string>): { output: string; lastLine: string | undefined } {
    const root = mkdtempSync(join(folder, 'run-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    const modules = new URL('../../scripts/test-run/', import.meta.url).href;
    const script = `
      import { runTests } from '${modules}run-tests.mjs';
      import { countLine } from '${modules}test-counts.mjs';
      const counts = await runTests(process.argv[1], process.argv.slice(2));
      console.log([...counts.notes, countLine(counts)].join('\\n'));`;
    const args = ['--root', root, '--globals', '--config', join(root, 'vitest.config.mjs')];
    writeFileSync(join(root, 'vitest.config.mjs'), "export default { test: { include: ['*.test.mjs'] } };");
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', script, process.cwd(), ...args],
      { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
    );
    return { output: stdout + stderr, lastLine: stdout.trimEnd().split('\n').at(-1) };
  }

  it.each([
    ['passes', "it('a', () => {});", '1 passed, 0 failed'],
    ['has a failing test', "it('a', () => {}); it('b', () => expect(1).toBe(2));", '1 passed, 1 failed'],
    ['does not load', "import './missing.mjs'; it('a', () => {});", '0 passed, 1 failed'],
    ['does not parse', "it('a', () => {", '0 passed, 1 failed'],
    ['holds no test', 'export {};', '0 passed, 1 failed'],
    [
      'has a failing beforeAll',
      "beforeAll(() => { throw new Error('no'); }); it('a', () => {});",
      '0 passed, 1 failed, 1 skipped',
    ],
    [
      'has a failing afterAll in a group',
      "describe('g', () => { afterAll(() => { throw new Error('no'); }); it('a', () => {}); });",
      '1 passed, 1 failed',
    ],
    [
      'leaves a rejection that no one handles',
      "it('a', async () => { void Promise.reject(new Error('lost')); await new Promise((done) => setTimeout(done, 50)); });",
      '1 passed, 1 failed',
    ],
    ['kills vitest', "it('a', () => { process.kill(process.ppid, 'SIGKILL'); });", '0 passed, 1 failed'],
  ])('of a file that %s', (_name, text, line) => {
    expect(run({ 'a.test.mjs': text }).lastLine).toBe(line);
  });

  it('lists skipped tests with their reasons', () => {
    const { output, lastLine } = run({
      'a.test.mjs':
        "it('a', () => {}); it('b', (test) => test.skip('no root here')); it.skip('c', () => {}); it.todo('d');",
    });
    expect(output).toContain('a.test.mjs > b (no root here)\n');
    expect(output).toContain('a.test.mjs > c\n');
    expect(output).toContain('a.test.mjs > d (to do)\n');
    expect(lastLine).toBe('1 passed, 0 failed, 3 skipped');
  });

  it('without any file fails', () => {
    expect(run({}).lastLine).toBe('0 passed, 1 failed');
  });
});
