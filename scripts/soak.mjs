// `npm run soak -- --minutes 30`: runs bots and workers with users and faults, then prints which resources have grown.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const usage = 'Usage: npm run soak -- [--minutes <number>]   The duration, at most 1440. Default 30.';

const minutes = readMinutes();
if (minutes === null) {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 2;
} else {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.long.config.ts', 'test/soak'];
  const run = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    // biome-ignore lint/style/noProcessEnv: the test run inherits the environment
    env: { ...process.env, SOAK_MINUTES: String(minutes) },
  });
  run.on('exit', (code) => {
    process.exitCode = code === 0 ? 0 : 1;
  });
}

/** Returns null if the arguments are invalid. */
function readMinutes() {
  try {
    const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
    const number = Number(values.minutes);
    return values.minutes.trim() !== '' && number > 0 && number <= 24 * 60 ? number : null;
  } catch {
    return null;
  }
}
