import { defineConfig } from 'vitest/config';

/**
 * The built Action, run by a runner from a workflow file. It needs Go, which `npm test` does not, and the example workflows
 * install dbt from the package index.
 */
export default defineConfig({
  test: {
    include: ['test/act/**/*.act.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A matrix starts six jobs at once.
    maxWorkers: 1,
    // As many as there are cores: where tests say that they may run at once, each starts dbt.
    maxConcurrency: 2,
    globalSetup: ['test/support/act-setup.ts'],
  },
});
