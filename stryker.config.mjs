/** Mutation testing: `scripts/mutation.mjs` chooses the files and the tests. */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner'],
  disableTypeChecks: true,
  // Stryker 9.6.1 rewrites tsconfig.json with an API that TypeScript 7.0.2 lacks. Tests need no tsconfig.json: name none.
  tsconfigFile: 'none',
  coverageAnalysis: 'perTest',
  // A change of code that runs at import needs a new process: minutes instead of seconds.
  ignoreStatic: true,
  concurrency: 2,
  // A slow machine is not an endless loop.
  timeoutMS: 30_000,
  reporters: ['progress-append-only', 'clear-text', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, reportTests: false },
  jsonReporter: { fileName: 'coverage/mutation.json' },
  tempDirName: 'coverage/stryker',
  allowEmpty: true,
};
