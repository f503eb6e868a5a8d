import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { terminal, paint, progress } from '../../lib/messages/terminal.ts';
import { spoilText, type Spoil } from './spoil.ts';
import { spoils } from './spoils.ts';

/**
 * Spoils the templates one at a time and runs the tests that must notice: `npm run mutation [PART OF A NAME]`. Exit
 * code 1 where a spoil goes unnoticed.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const templates = join(root, 'templates');
/** A file of gateway tests takes a few seconds; this ends one that hangs on a spoiled gateway. */
const timeoutMs = 180_000;

interface TestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const wanted = process.argv[2] ?? '';
const chosen = spoils.filter(({ name }) => name.includes(wanted));
const out = terminal(process.stdout);
const err = terminal(process.stderr);
let unnoticed = 0;
for (const [index, spoil] of chosen.entries()) {
  progress(err, `${index + 1}/${chosen.length} ${spoil.name}`);
  const failed = await failedTests(spoil);
  const noticing = failed.filter((name) => name.includes(spoil.noticedBy));
  progress(err, '');
  if (noticing.length > 0) {
    const more = failed.length > 1 ? ` and ${failed.length - 1} more` : '';
    process.stdout.write(
      `${paint(out, 'green', 'noticed')}    ${spoil.name}: ${spoil.test}: ${noticing[0] ?? ''}${more}\n`,
    );
  } else {
    unnoticed++;
    process.stdout.write(
      `${paint(out, 'red', 'UNNOTICED')}  ${spoil.name}: ${spoil.test} should fail in '${spoil.noticedBy}', failed: ${failed.join('; ') || 'nothing'}\n`,
    );
  }
}
process.stdout.write(`${chosen.length - unnoticed} of ${chosen.length} spoiled templates noticed\n`);
process.exitCode = unnoticed === 0 && chosen.length > 0 ? 0 : 1;

/** The full names of the tests that fail with the spoil in place. */
async function failedTests(spoil: Spoil): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'hardening-mutation-'));
  try {
    const copy = join(folder, 'templates');
    await cp(templates, copy, { recursive: true });
    const file = join(copy, 'etc/hardening/gateway', spoil.template);
    await writeFile(file, spoilText(await readFile(file, 'utf8'), spoil));
    const report = join(folder, 'report.json');
    await runTests(spoil, copy, report);
    const { testResults } = JSON.parse(await readFile(report, 'utf8')) as TestReport;
    return testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => fullName);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runTests({ test, noticedBy }: Spoil, copy: string, report: string): Promise<void> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const pattern = noticedBy.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new Promise((settle) => {
    execFile(
      process.execPath,
      [vitest, 'run', test, '-t', pattern, '--reporter=json', `--outputFile=${report}`],
      { cwd: root, env: { ...process.env, HARDENING_TEST_TEMPLATES: copy }, timeout: timeoutMs },
      // Failing is what the tests are to do: the report says which.
      () => settle(),
    );
  });
}
