// `npm run bench -- a c --json`: compiles the benchmarks and src into a temporary folder, and runs them there. Node 20 does
// not run TypeScript, and the benchmarks must measure the JavaScript that is deployed.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'syncbot-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

if (build()) await run();
else process.exitCode = 1;

/** Returns false if a step fails. */
function build() {
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  return (
    runNode(tsc, '-p', 'bench/tsconfig.json', '--noCheck', '--outDir', folder) &&
    runNode('scripts/copy-lua.mjs', join(folder, 'src'))
  );
}

function runNode(...args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] }).status === 0;
}

/** The program receives Ctrl-C from the terminal; other signals are forwarded to it. It ends everything that it started. */
function run() {
  const program = spawn(process.execPath, ['--expose-gc', join(folder, 'bench/main.js'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => program.kill(signal));
  return new Promise((resolve) => {
    program.on('close', (code) => {
      process.exitCode = code ?? 1;
      resolve();
    });
  });
}
