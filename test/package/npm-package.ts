import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const execFileAsync = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;

export interface InstalledPackage extends AsyncDisposable {
  /** The files of the tarball. */
  readonly files: readonly { readonly path: string; readonly mode: number }[];
  /** A folder that contains only `node_modules`. */
  readonly folder: string;
  /** The installed package. */
  readonly packageFolder: string;
  /** The program in `node_modules/.bin`. */
  readonly bin: string;
}

const packOutputSchema = z.array(
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string(), mode: z.number() })) }),
);

/** Runs `npm pack`, which builds, in a copy of the repository. Installs the tarball like `npm install`: it needs no other package. */
export async function packAndInstall(): Promise<InstalledPackage> {
  const tempFolder = await mkdtemp(join(tmpdir(), 'syncbot-pack-'));
  const removeTempFolder = () => rm(tempFolder, { recursive: true, force: true });
  try {
    const copy = join(tempFolder, 'copy');
    const excludedPaths = ['node_modules', 'dist', 'dist-demo', '.git', 'coverage'];
    await cp(root, copy, { recursive: true, filter: (path) => !excludedPaths.includes(relative(root, path)) });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    const { stdout } = await execFileAsync('npm', ['pack', '--json', '--pack-destination', tempFolder], { cwd: copy });
    const [tarball] = packOutputSchema.parse(JSON.parse(stdout));
    if (tarball === undefined) throw new Error('npm pack created no tarball');

    const folder = join(tempFolder, 'empty');
    const packageFolder = join(folder, 'node_modules/syncbot');
    const bin = join(folder, 'node_modules/.bin/syncbot');
    await mkdir(packageFolder, { recursive: true });
    const tarArgs = ['-xzf', join(tempFolder, tarball.filename), '-C', packageFolder, '--strip-components=1'];
    await execFileAsync('tar', tarArgs);
    await mkdir(dirname(bin));
    await symlink('../syncbot/dist/main.js', bin);
    return { folder, packageFolder, bin, files: tarball.files, [Symbol.asyncDispose]: removeTempFolder };
  } catch (error) {
    await removeTempFolder();
    throw error;
  }
}

/** Returns the sorted names of the Lua scripts of the sources. */
export async function luaScripts(): Promise<readonly string[]> {
  const sources = await readdir(join(root, 'src'), { recursive: true });
  return sources
    .filter((path) => path.endsWith('.lua'))
    .map((path) => basename(path))
    .sort();
}
