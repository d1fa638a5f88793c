import type { TestProject } from 'vitest/node';
import { findRedisServer } from '../../demo/redis-binary.ts';
import { startRedisServer } from '../../demo/redis-server.ts';
import type {} from './test-redis.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binary = await findRedisServer({ print: (sentence) => process.stderr.write(`${sentence}\n`) });
  const server = await startRedisServer({ binary });
  project.provide('redisUrl', server.url);
  project.provide('redisBinary', binary);
  return () => server.stop();
}
