// `npm run bench -- a c --json`: compiles the benchmarks with the sources that they measure into a folder of its own (Node 20
// runs no TypeScript, and what is measured is to be what is deployed), runs them there, and removes the folder.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'syncbot-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

if (compile()) await run();
else process.exitCode = 1;

function compile() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'bench/tsconfig.json', '--noCheck', '--outDir', folder], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  spawnSync(process.execPath, [join(root, 'scripts/copy-lua.mjs'), join(folder, 'src')], { stdio: 'inherit' });
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return status === 0;
}

/** A Ctrl-C reaches the benchmarks by themselves; other signals are handed on. They end whatever they have started. */
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
