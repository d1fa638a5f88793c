// `npm run test:planted -- related|crash|model [number…]`: tests the tests. Plants one bug at a time (planted-bugs.mjs) in a
// copy of the repository and prints which of them the tests find. `--check`: only checks that each bug can still be planted.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plantedBugs } from './planted-bugs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = (...args) => ['node_modules/vitest/vitest.mjs', 'run', ...args];
/** The commands of each kind of run. A bug is found if one of them fails. */
const runs = {
  related: ({ tests }) => vitest('--bail', '1', ...tests),
  crash: () => vitest('test/crash/crash-sample.test.ts'),
  model: () => vitest('test/model/model.test.ts'),
};

const [kind = '', ...numbers] = process.argv.slice(2);
if (kind === '--check') check();
else if (kind in runs) plantAll();
else {
  process.stderr.write(`Usage: npm run test:planted -- ${Object.keys(runs).join('|')} [number…]\n`);
  process.exitCode = 2;
}

function check() {
  for (const bug of plantedBugs) plant(root, bug);
  process.stdout.write(`${plantedBugs.length} bugs can be planted\n`);
}

function plantAll() {
  const copy = mkdtempSync(join(tmpdir(), 'syncbot-planted-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  for (const file of files) cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const selected = plantedBugs
    .map((bug, index) => ({ ...bug, number: String(index + 1) }))
    .filter(({ number }) => numbers.length === 0 || numbers.includes(number));
  const tests = new Set(selected.flatMap((bug) => bug.tests));
  process.stdout.write(`Without a bug (expected: missed): ${runTests(copy, { tests: [...tests] })}\n`);
  for (const { number, ...bug } of selected) {
    const file = join(copy, bug.file);
    const original = readFileSync(file);
    writeFileSync(file, plant(copy, bug));
    process.stdout.write(`| ${number} | ${bug.effect} | ${bug.file} | ${findBug(copy, bug)} |\n`);
    writeFileSync(file, original);
  }
}

/** The text of the file with the bug. */
function plant(folder, { file, from, to }) {
  const parts = readFileSync(join(folder, file), 'utf8').split(from);
  if (parts.length !== 2) throw new Error(`${file} contains ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

/** A bug that the compiler finds would be found by no test. */
function findBug(copy, bug) {
  const { status } = runNode(copy, ['node_modules/typescript/bin/tsc', '--noEmit']);
  return status === 0 ? runTests(copy, bug) : 'does not compile';
}

function runTests(copy, { tests }) {
  const { status, stderr } = runNode(copy, runs[kind]({ tests }));
  if (status === 0) return 'missed';
  const [, title] = /FAIL\s+(.*)/.exec(stderr) ?? [];
  return title === undefined ? `no result: ${stderr.slice(-300)}` : `found: ${title}`;
}

function runNode(cwd, args) {
  // biome-ignore lint/style/noProcessEnv: the tests inherit the environment
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
}
