import { defineConfig } from 'vitest/config';

const hour = 3_600_000;

/** For tests that take too long for `npm test`. Each has a script in package.json. */
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
