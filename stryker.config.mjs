/** Mutation testing: `scripts/mutation.mjs` chooses the files and the tests. */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts', related: true },
  plugins: ['@stryker-mutator/vitest-runner'],
  disableTypeChecks: true,
  // Stryker 9.6.1 rewrites tsconfig.json with an API that TypeScript 7.0.2 lacks. Tests need no tsconfig.json: name none.
  tsconfigFile: 'none',
  coverageAnalysis: 'perTest',
  concurrency: 2,
  reporters: ['progress-append-only', 'clear-text', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, reportTests: false },
  jsonReporter: { fileName: 'coverage/mutation.json' },
  tempDirName: 'coverage/stryker',
  allowEmpty: true,
};
