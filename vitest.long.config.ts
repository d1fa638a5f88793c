import { defineConfig } from 'vitest/config';

const hour = 3_600_000;

/** Runs that take too long for every day: each has a script of its own in package.json, and a short run in `npm test`. */
export default defineConfig({
  test: {
    include: ['test/**/*.long.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 4 * hour,
    hookTimeout: 60_000,
    fileParallelism: false,
    disableConsoleIntercept: true,
  },
});
