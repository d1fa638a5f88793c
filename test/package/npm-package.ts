import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
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

/** Runs `npm pack`, which builds, in a copy of the repository. Installs the tarball like `npm install --omit=optional`. */
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
    await installProductionPackages(folder);
    await mkdir(dirname(bin));
    await symlink('../syncbot/dist/main.js', bin);
    return { folder, packageFolder, bin, files: tarball.files, [Symbol.asyncDispose]: removeTempFolder };
  } catch (error) {
    await removeTempFolder();
    throw error;
  }
}

/** Returns the files that a build creates in `dist`: the JavaScript of each source file, and the Lua scripts. */
export async function compiledFiles(): Promise<readonly string[]> {
  const sources = await listFiles(join(root, 'src'));
  return sources.map((path) => path.replace(/\.ts$/, '.js')).sort();
}

/** Returns the sorted paths of all files below a folder, relative to it. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((file) => relative(folder, join(file.parentPath, file.name))).sort();
}

const lockFileSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().optional(), optional: z.boolean().optional(), devOptional: z.boolean().optional() }),
  ),
});

/** Copies the packages that `npm ci --omit=dev --omit=optional` would install. */
async function installProductionPackages(folder: string): Promise<void> {
  const lockFile = lockFileSchema.parse(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')));
  for (const [path, { dev, optional, devOptional }] of Object.entries(lockFile.packages)) {
    // A nested package is copied together with its parent.
    const isNested = path.includes('/node_modules/');
    if (path === '' || dev || optional || devOptional || isNested) continue;
    await cp(join(root, path), join(folder, path), { recursive: true, verbatimSymlinks: true });
  }
}
