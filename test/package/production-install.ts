import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

/** The repository. */
export const root = new URL('../..', import.meta.url).pathname;

/** A build and a copy of some ten thousand files, on a machine that may be busy. */
export const buildTimeoutMs = 240_000;

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().optional(), optional: z.boolean().optional(), devOptional: z.boolean().optional() }),
  ),
});

/** The folders, from `node_modules/` on, that `npm ci --omit=dev --omit=optional` installs. */
async function productionPackages(): Promise<readonly string[]> {
  const { packages } = lockFile.parse(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')));
  return Object.entries(packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional)
    .map(([path]) => path);
}

/** Copies the production packages, and nothing else, into a folder's `node_modules`: nothing is reached but them. */
export async function installProduction(folder: string): Promise<void> {
  const byParent = new Map<string, string[]>();
  for (const path of await productionPackages()) {
    if (path.includes('/node_modules/')) continue; // it comes with the package that it lies in
    byParent.set(dirname(path), [...(byParent.get(dirname(path)) ?? []), join(root, path)]);
  }
  for (const [parent, sources] of byParent) {
    await mkdir(join(folder, parent), { recursive: true });
    await run('cp', ['-R', ...sources, join(folder, parent)]);
  }
}
