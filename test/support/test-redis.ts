import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../../demo/redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly redisUrl: string;
  }
}

/** The one server of this test run. Other test files use it at the same time: take names from `uniqueName`. */
export const sharedRedisUrl = (): string => inject('redisUrl');

/** A server for one test alone, which may pause, fill or kill it: `await using redis = await ownRedis()`. */
export const startTestRedis = (options: RedisServerOptions = {}): Promise<RedisServer> => startRedisServer(options);

/** A name nobody else in this run has: fit for a project id, a link's queue and a prefix. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomBytes(5).toString('hex')}`;
