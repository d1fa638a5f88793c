import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../../demo/redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly redisUrl: string;
  }
}

/** The Redis server of the whole test run. Test files share it: use names from `uniqueName`. */
export const sharedRedisUrl = (): string => inject('redisUrl');

/** Starts a server for one test, which may suspend, fill or kill it: `await using redis = await startTestRedis()`. */
export const startTestRedis = (options: RedisServerOptions = {}): Promise<RedisServer> => startRedisServer(options);

/** Returns a name that is unique in this test run, valid as project id, queue name and prefix. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomBytes(5).toString('hex')}`;
