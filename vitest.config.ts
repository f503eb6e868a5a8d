import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Real servers run beside the tests: two files at a time leave them room on a small machine.
    maxWorkers: 2,
  },
});
