// Builds the programs of tests that run in their own process: `node scripts/build-test-programs.mjs <folder>`. rolldown puts
// each into few files, as in a release: Node opens hundreds of small files slowly, and the tests start many processes.
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { copyLuaFlat } from './copy-lua.mjs';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Usage: node scripts/build-test-programs.mjs <output folder>');

const bundle = await rolldown({
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  input: ['test/support/syncbot-process-main.ts', 'test/crash/forked-process-main.ts'],
  platform: 'node',
  // A native part of `msgpackr` that cannot be bundled. `msgpackr` works without it.
  external: ['msgpackr-extract'],
  transform: { target: 'node20.19' },
});
await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name].js' });
await bundle.close();
// The modules read their scripts from the folder `lua` beside them.
copyLuaFlat(folder);
