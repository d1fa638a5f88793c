// `npm run test:mutation -- domain config slack`: changes pure code in one place at a time, and prints the changes that no
// test notices. docs/testing.md explains those that are left.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * By area: the files that are changed, and the tests that must notice. Without the property tests that take seconds, because
 * they would run for almost every change: config-fuzz, and limits for other files.
 */
const areas = {
  domain: { mutate: ['src/domain/*.ts'], tests: ['test/domain/*.test.ts'] },
  config: { mutate: ['src/config/*.ts'], tests: ['test/config/!(config-fuzz).test.ts'] },
  // Without the files that connect to Slack or listen on a port: their tests take seconds each.
  slack: {
    mutate: [
      'src/slack/listeners/listener.ts',
      'src/slack/receivers/http-rejections.ts',
      'src/slack/receivers/http-verification.ts',
      'src/slack/api-calls.ts',
      'src/slack/authorizer.ts',
      'src/slack/{action-ids,block-ids,button-values,modal-metadata,run-form-ids}.ts',
      'src/slack/doctor.ts',
      'src/slack/slack-errors.ts',
    ],
    tests: [
      'test/slack/listeners/*.test.ts',
      'test/slack/receivers/http-{rejections,verification}.test.ts',
      'test/slack/{action-ids,api-calls,authorizer,button-values,doctor,slack-errors}.test.ts',
    ],
  },
  notifier: { mutate: ['src/slack/notifier/*.ts'], tests: ['test/slack/notifier/*.test.ts'] },
  views: {
    mutate: ['src/slack/views/!(limits).ts', 'src/slack/commands/*.ts'],
    tests: ['test/slack/views/!(limits).test.ts', 'test/slack/commands/*.test.ts'],
  },
  limits: { mutate: ['src/slack/views/limits.ts'], tests: ['test/slack/views/limits.test.ts'] },
};

const root = fileURLToPath(new URL('..', import.meta.url));
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(areas);
if (names.every((name) => name in areas)) {
  process.exitCode = names.every(run) ? 0 : 1;
} else {
  process.stderr.write(`Usage: npm run test:mutation -- [${Object.keys(areas).join('|')}]…\n`);
  process.exitCode = 2;
}

/** Returns false if the run fails. */
function run(name) {
  const { mutate, tests } = areas[name];
  const args = ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', '--mutate', mutate.join(',')];
  // biome-ignore lint/style/noProcessEnv: the test run inherits the environment
  const env = { ...process.env, MUTATION_TESTS: tests.join(' ') };
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status === 0;
}
