// @ts-check
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInForeground } from '../setup/foreground-command.mjs';
import { countTests } from './test-counts.mjs';

/**
 * Runs vitest in this terminal.
 *
 * @param {string} root the project's folder
 * @param {readonly string[]} args for vitest
 * @returns {Promise<import('./test-counts.mjs').Counts>}
 */
export async function runTests(root, args) {
  const reportFolder = mkdtempSync(join(tmpdir(), 'review-hardening-kit-test-'));
  const report = join(reportFolder, 'report.json');
  try {
    const exitCode = await runInForeground(
      [
        join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        `--reporter=${fileURLToPath(new URL('skipped-tests-reporter.mjs', import.meta.url))}`,
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...args,
      ],
      { folder: root },
    );
    return countTests(readReport(report), exitCode);
  } finally {
    rmSync(reportFolder, { recursive: true });
  }
}

/**
 * @param {string} file
 * @returns {import('./test-counts.mjs').Report | undefined}
 */
function readReport(file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(report.testResults) ? report : undefined;
  } catch {
    return undefined;
  }
}
