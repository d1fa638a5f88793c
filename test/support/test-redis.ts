import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import type { RedisBinary } from '../../demo/redis-binary.ts';
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../../demo/redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly redisUrl: string;
    readonly redisBinary: RedisBinary;
  }
}

/** The Redis server of the whole test run. Test files share it: use names from `uniqueName`. */
export const sharedRedisUrl = (): string => inject('redisUrl');

/** Starts a server for one test, which may suspend, fill or kill it: `await using redis = await startTestRedis()`. */
export const startTestRedis = (options: RedisServerOptions = {}): Promise<RedisServer> =>
  // Found once in a run: to find it starts a program.
  startRedisServer({ binary: inject('redisBinary'), ...options });

/** Returns a name that is unique in this test run, valid as project id, queue name and prefix. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomBytes(5).toString('hex')}`;
