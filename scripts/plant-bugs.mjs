// `npm run test:planted -- related|crash|model [number…]`: tests the tests. Plants one bug at a time (planted-bugs.mjs) in a
// copy of the repository and prints which of them the tests find. `--check`: only checks that each bug can still be planted.
//
// Environment: PLANTED_AT_ONCE (copies that are tested at the same time, 2), PLANTED_LOGS (a folder for the output of tests
// that fail), and what the runs read: CRASH_SEED or CRASH_ONLY, MODEL_SEED and MODEL_COMMANDS (1, 1 and 250, so that a run can
// be repeated). With CRASH_ONLY every crash point runs whose name contains that text.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { plantedBugs } from './planted-bugs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = (...args) => ['node_modules/vitest/vitest.mjs', 'run', ...args];
/** The commands of each kind of run. A bug is found if one of them fails. */
const runs = {
  related: ({ tests }) => vitest('--bail', '1', ...tests),
  crash: () =>
    env.CRASH_ONLY === undefined
      ? vitest('test/crash/crash-sample.test.ts')
      : vitest('--config', 'vitest.long.config.ts', 'test/crash'),
  model: () => vitest('--config', 'vitest.long.config.ts', 'test/model'),
};
// biome-ignore lint/style/noProcessEnv: the tests inherit the environment
const env = { CRASH_SEED: '1', MODEL_SEED: '1', MODEL_COMMANDS: '250', ...process.env, NO_COLOR: '1' };
const logFolder = env.PLANTED_LOGS;
const copiesAtOnce = Number(env.PLANTED_AT_ONCE ?? 2);

const [kind = '', ...numbers] = process.argv.slice(2);
if (kind === '--check') check();
else if (kind in runs) await plantAll();
else {
  process.stderr.write(`Usage: npm run test:planted -- ${Object.keys(runs).join('|')} [number…]\n`);
  process.exitCode = 2;
}

function check() {
  for (const bug of plantedBugs) plant(root, bug);
  process.stdout.write(`${plantedBugs.length} bugs can be planted\n`);
}

async function plantAll() {
  const selected = plantedBugs
    .map((bug, index) => ({ ...bug, number: String(index + 1) }))
    .filter(({ number }) => numbers.length === 0 || numbers.includes(number));
  const tests = [...new Set(selected.flatMap((bug) => bug.tests))];
  const withoutBug = { number: '-', effect: 'Without a bug (expected: missed)', file: '', tests };
  const pending = [withoutBug, ...selected];
  const testPending = async () => {
    const copy = createCopy();
    for (let bug = pending.shift(); bug !== undefined; bug = pending.shift()) {
      const startedAt = performance.now();
      const result = await testCopy(copy, bug);
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      process.stdout.write(`| ${bug.number} | ${bug.effect} | ${bug.file} | ${result} (${seconds} s) |\n`);
    }
  };
  await Promise.all(Array.from({ length: copiesAtOnce }, testPending));
}

function createCopy() {
  const copy = mkdtempSync(join(tmpdir(), 'syncbot-planted-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  for (const file of files) cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

async function testCopy(copy, bug) {
  if (bug.file === '') return runTests(copy, bug);
  const file = join(copy, bug.file);
  const original = readFileSync(file);
  writeFileSync(file, plant(copy, bug));
  try {
    return await findBug(copy, bug);
  } finally {
    writeFileSync(file, original);
  }
}

/** The text of the file with the bug. */
function plant(folder, { file, from, to }) {
  const parts = readFileSync(join(folder, file), 'utf8').split(from);
  if (parts.length !== 2) throw new Error(`${file} contains ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

/** A bug that the compiler finds would be found by no test. The other kinds of run do not check that again. */
async function findBug(copy, bug) {
  if (kind !== 'related') return runTests(copy, bug);
  const { status } = await runNode(copy, ['node_modules/typescript/bin/tsc', '--noEmit']);
  return status === 0 ? runTests(copy, bug) : 'does not compile';
}

async function runTests(copy, { number, tests }) {
  const { status, stderr } = await runNode(copy, runs[kind]({ tests }));
  if (status === 0) return 'missed';
  if (logFolder !== undefined) writeFileSync(join(logFolder, `${kind}-${number}.log`), stderr);
  const [, title] = /FAIL\s+(.*)/.exec(stderr) ?? [];
  if (title === undefined || stderr.includes('Test timed out')) return `no result: ${stderr.slice(-300)}`;
  return `found: ${kind === 'related' ? title : describeFailure(stderr)}`;
}

/** The first lines of the error that says what is wrong: the innermost one. */
function describeFailure(stderr) {
  const error = stderr.slice(stderr.lastIndexOf('Error: ')).split('\n');
  return error.slice(0, 3).join(' ').slice(0, 300);
}

async function runNode(cwd, args) {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [stderr, status] = await Promise.all([
    text(child.stderr),
    new Promise((resolve) => child.on('close', resolve)),
  ]);
  return { status, stderr };
}
