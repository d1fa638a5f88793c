import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongFoldersFirst } from './test/support/long-folders-first.ts';

/** The time limits only end what would never end: no test asserts how fast the machine is. */
const timeLimitMs = 600_000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: timeLimitMs,
    hookTimeout: timeLimitMs,
    expect: { poll: { timeout: 120_000 } },
    retry: 0,
    // Most tests wait for servers and programs. Files of one worker share the loaded modules.
    maxWorkers: 2 * availableParallelism(),
    isolate: false,
    restoreMocks: true,
    sequence: { sequencer: LongFoldersFirst },
    allowOnly: false,
  },
});
