// Builds the program: `node scripts/build.mjs [folder]`, by default into `dist`. rolldown puts the sources and the packages that
// they use into few files. Node opens hundreds of small files slowly, and an installed syncbot needs no other package. Each
// `import()` becomes a file of its own, so a command loads only what it needs.
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { findBundledPackages, formatLicences } from './bundled-packages.mjs';
import { copyLuaFlat } from './copy-lua.mjs';
import { formatSbom } from './sbom.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = resolve(process.argv[2] ?? join(root, 'dist'));

// The output of a deleted source file must not stay in a release.
rmSync(folder, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  input: 'src/main.ts',
  platform: 'node',
  // A native part of `msgpackr` that cannot be bundled. `msgpackr` works without it.
  external: ['msgpackr-extract'],
  // The oldest Node of package.json.
  transform: { target: 'node20.19' },
});
const { output } = await bundle.write({
  dir: folder,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  comments: { legal: true, annotation: false, jsdoc: false },
});
await bundle.close();
const packages = findBundledPackages(output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])));
writeFileSync(join(folder, 'LICENCES.txt'), formatLicences(packages));
const program = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
writeFileSync(join(folder, 'sbom.cdx.json'), formatSbom(program, packages));
// The modules read their scripts from the folder `lua` beside them.
copyLuaFlat(folder);
// npm sets this bit at an install only: a build would take it from the command that `npm link` made, and from a tarball that is
// unpacked by hand.
chmodSync(join(folder, 'main.js'), 0o755);
