import { defineConfig } from 'vitest/config';

/** For mutation testing: `scripts/mutation.mjs` chooses the tests. They are of pure code and need no Redis. */
export default defineConfig({
  test: {
    include: (process.env['MUTATION_TESTS'] ?? '').split(' '),
    isolate: false,
    testTimeout: 20_000,
    allowOnly: false,
  },
});
