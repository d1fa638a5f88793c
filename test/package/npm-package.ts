import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { installProduction, root } from './production-install.ts';

const run = promisify(execFile);

export interface InstalledPackage extends AsyncDisposable {
  readonly files: readonly { readonly path: string; readonly mode: number }[];
  /** An empty folder, but for the package and its production packages in `node_modules`. */
  readonly folder: string;
  /** The package itself, unpacked. */
  readonly packageFolder: string;
  /** What npm links into `node_modules/.bin`. */
  readonly bin: string;
}

const packOutputSchema = z.array(
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string(), mode: z.number() })) }),
);
const excludedNames = ['node_modules', 'dist', '.git', 'coverage'];

/** `npm pack` in a copy of the repository, which it builds; the tarball unpacked as `npm install --omit=optional` would. */
export async function packAndInstall(): Promise<InstalledPackage> {
  const tempFolder = await mkdtemp(join(tmpdir(), 'syncbot-pack-'));
  try {
    const copy = join(tempFolder, 'copy');
    await cp(root, copy, {
      recursive: true,
      filter: (path) => !excludedNames.some((name) => basename(path) === name && path === join(root, name)),
    });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', tempFolder], { cwd: copy });
    const [tarball] = packOutputSchema.parse(JSON.parse(stdout));
    if (tarball === undefined) throw new Error('npm pack made nothing');

    const folder = join(tempFolder, 'empty');
    const packageFolder = join(folder, 'node_modules/syncbot');
    const bin = join(folder, 'node_modules/.bin/syncbot');
    await mkdir(packageFolder, { recursive: true });
    await run('tar', ['-xzf', join(tempFolder, tarball.filename), '-C', packageFolder, '--strip-components=1']);
    await installProduction(folder);
    await mkdir(join(bin, '..'));
    await symlink('../syncbot/dist/main.js', bin);
    return { folder, packageFolder, bin, files: tarball.files, [Symbol.asyncDispose]: () => removeFolder(tempFolder) };
  } catch (error) {
    await removeFolder(tempFolder);
    throw error;
  }
}

const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true });
