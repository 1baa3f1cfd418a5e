import { defineConfig } from 'vitest/config';

/** Tests that look at pages in a headless browser: they need Debian's chromium, which `npm test` does not. */
export default defineConfig({
  test: { include: ['test/rendered/**/*.rendered.ts'], testTimeout: 120_000 },
});
