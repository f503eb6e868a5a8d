// @ts-check
import { fileURLToPath } from 'node:url';
import { reportFailure, setUp } from '../setup/set-up.mjs';
import { runTests } from './run-tests.mjs';
import { countLine } from './test-counts.mjs';

/**
 * `npm test`: the set-up, then vitest, then one closing line with the counts.
 *
 * @param {readonly string[]} args for vitest
 * @returns {Promise<number>} the exit code: 0 when all passed, 1 when not, 2 when the set-up could not be done
 */
export async function test(args) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  try {
    await setUp({ root, purpose: 'test' });
  } catch (error) {
    return reportFailure(error);
  }
  const counts = await runTests(root, args);
  console.log(['', ...counts.notes, countLine(counts)].join('\n'));
  return counts.failed === 0 ? 0 : 1;
}
