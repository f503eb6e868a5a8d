// @ts-check

/**
 * What of vitest's JSON report the counts are made from.
 *
 * @typedef {object} Report
 * @property {readonly TestFile[]} testResults
 *
 * @typedef {object} TestFile
 * @property {string} name
 * @property {string} status 'passed' or 'failed'; 'failed' also when the file did not load or a hook failed
 * @property {string} [message]
 * @property {readonly { status: string, fullName: string }[]} assertionResults
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped tests that did not run, those marked as to do included
 * @property {readonly string[]} notes failures that are no failed test, one line each
 */

/**
 * Counts what a run of vitest did. What went wrong outside a test counts as one failed: a file that does not load, a
 * hook that fails, an error that no test caught, a run without tests or without a report.
 *
 * @param {Report | undefined} report undefined: vitest ended without one
 * @param {number} exitCode vitest's
 * @returns {Counts}
 */
export function countTests(report, exitCode) {
  if (report === undefined) {
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      notes: [`vitest ended without a report, with exit code ${exitCode}`],
    };
  }
  const files = report.testResults;
  const statuses = files.flatMap((file) => file.assertionResults.map((test) => test.status));
  const passed = statuses.filter((status) => status === 'passed').length;
  const skipped = statuses.filter((status) =>
    ['skipped', 'pending', 'todo', 'disabled'].includes(status),
  ).length;
  // A status that is not known here is no success.
  let failed = statuses.length - passed - skipped;
  /** @type {string[]} */
  const notes = [];
  for (const file of files) {
    if (file.status === 'passed' || file.assertionResults.some((test) => test.status === 'failed')) continue;
    failed += 1;
    notes.push(
      `${file.name} failed outside its tests${file.message ? `: ${file.message.split('\n')[0]}` : ''}`,
    );
  }
  if (failed === 0 && passed === 0) {
    failed = 1;
    notes.push('no test was run');
  }
  if (failed === 0 && exitCode !== 0) {
    failed = 1;
    notes.push(`vitest found an error outside the tests: it ended with exit code ${exitCode}`);
  }
  return { passed, failed, skipped, notes };
}

/**
 * The closing line of a test run.
 *
 * @param {Counts} counts
 */
export function countLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
