import { progress, terminal } from '../lib/messages/terminal.ts';
import { UserError } from '../lib/messages/user-error.ts';
import { showError } from '../lib/cli/show-error.ts';
import { startLoadGenerator } from './load/load-generator.ts';
import { fullEffort, quickEffort, readOptions } from './options.ts';
import { judgeGoals } from './report/goals.ts';
import { renderTables } from './report/tables.ts';
import { runBench } from './run.ts';
import { openSite, type Site } from './servers/site.ts';

/** `npm run bench`. Everything is on loopback, in a temporary folder, and gone when it ends. */
const options = readOptions();
const err = terminal(process.stderr);
let site: Site | undefined;
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    ending.abort();
    void Promise.resolve(site?.close()).finally(() => process.exit(1));
  });
}
try {
  if (process.platform !== 'linux') {
    throw new UserError('the bench reads CPU time from /proc, which only Linux has', 'run it on Linux');
  }
  site = await openSite();
  const generator = await startLoadGenerator(site.processors.generator);
  try {
    const effort = options.quick ? quickEffort : fullEffort;
    const results = await runBench(site, generator, effort, (what) => progress(err, `measuring: ${what}`));
    progress(err, '');
    const text = options.json
      ? JSON.stringify({ ...results, goals: judgeGoals(results) }, undefined, 2)
      : renderTables(results);
    process.stdout.write(`${text}\n`);
  } finally {
    await generator.stop();
  }
} catch (error) {
  progress(err, '');
  // A signal ends the servers, and what was measured then fails: no news.
  if (!ending.signal.aborted) process.exitCode = showError(error);
} finally {
  await site?.close();
}
