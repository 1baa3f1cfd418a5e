import { defineConfig } from 'vitest/config';

/** The stores beyond one host, each on a real server. They need Redis and Go, which `npm test` does not. */
export default defineConfig({
  test: {
    include: ['test/servers/**/*.servers.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The races start fifty processes each.
    maxWorkers: 1,
    globalSetup: ['test/support/servers-setup.ts'],
  },
});
