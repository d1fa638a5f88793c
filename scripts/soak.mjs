// `npm run soak -- --minutes 30`: bots and workers under steady use with faults; a table of what grew at the end.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const usage = 'Usage: npm run soak -- [--minutes <number>]   How long it runs; 30 unless told.';

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
    // biome-ignore lint/style/noProcessEnv: the run sees what we see
    env: { ...process.env, SOAK_MINUTES: String(minutes) },
  });
  run.on('exit', (code) => {
    process.exitCode = code === 0 ? 0 : 1;
  });
}

/** Null: not a way to call it. */
function readMinutes() {
  try {
    const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
    const number = Number(values.minutes);
    return values.minutes.trim() !== '' && number > 0 && number <= 24 * 60 ? number : null;
  } catch {
    return null;
  }
}
