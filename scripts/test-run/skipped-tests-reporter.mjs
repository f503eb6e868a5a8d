// @ts-check

/** Lists the tests that did not run with the reason that they gave: vitest's own summary only counts them. */
export default class SkippedTestsReporter {
  /** @param {readonly import('vitest/node').TestModule[]} modules */
  onTestRunEnd(modules) {
    const lines = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => {
        const result = test.result();
        const reason =
          test.options.mode === 'todo' ? 'to do' : result.state === 'skipped' ? (result.note ?? '') : '';
        return `  ${module.relativeModuleId} > ${test.fullName}${reason === '' ? '' : ` (${reason})`}`;
      }),
    );
    if (lines.length > 0) console.log(`\nSkipped:\n${lines.join('\n')}`);
  }
}
