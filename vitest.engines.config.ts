import { defineConfig } from 'vitest/config';

/** One suite over dbt Core 1.11, 1.12 and dbt v2. */
export default defineConfig({
  test: {
    include: ['test/engines/**/*.engines.ts'],
    // dbt takes seconds to start, and two runs at once share two cores.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    globalSetup: ['test/support/engines-setup.ts'],
  },
});
