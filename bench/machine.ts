import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem, type } from 'node:os';
import { z } from 'zod';
import { findRedisServer } from '../demo/redis-binary.ts';

/** The machine and the software versions of a run. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** `root` is the folder of package.json and node_modules. */
export async function describeMachine(root: URL): Promise<Machine> {
  const packages = ['bullmq', 'ioredis', '@slack/bolt'];
  const versions = await Promise.all(
    packages.map(async (name) => [name, await versionOf(new URL(`node_modules/${name}/package.json`, root))] as const),
  );
  const syncbot = await versionOf(new URL('package.json', root));
  const redis = (await findRedisServer()).version;
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    cpus: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release().split('-')[0]}`,
    versions: { syncbot, Node: process.versions.node, Redis: redis, ...Object.fromEntries(versions) },
  };
}

async function versionOf(file: URL): Promise<string> {
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(file, 'utf8'))).version;
}
