import { cp, mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';

/** The repository. */
export const root = new URL('../..', import.meta.url).pathname;

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().optional(), optional: z.boolean().optional(), devOptional: z.boolean().optional() }),
  ),
});

/** The folders, from `node_modules/` on, that `npm ci --omit=dev --omit=optional` installs. */
export async function productionPackages(): Promise<readonly string[]> {
  const { packages } = lockFile.parse(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')));
  return Object.entries(packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional)
    .map(([path]) => path);
}

/** Copies the production packages, and nothing else, into a folder's `node_modules`: nothing is reached but them. */
export async function installProduction(folder: string): Promise<void> {
  for (const path of await productionPackages()) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(root, path), target, {
      recursive: true,
      filter: (source) => basename(source) !== 'node_modules' || source === join(root, path),
    });
  }
}
