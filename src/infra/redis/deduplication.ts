import { randomUUID } from 'node:crypto';
import type { Deduplication } from '../../application/stores.ts';
import type { RedisClient } from './connection.ts';
import { dedupeKey } from './keys.ts';
import { claimOnceScript } from './project-scripts.ts';
import { execute, runScript } from './scripts.ts';

export function createDeduplication(client: RedisClient): Deduplication {
  return {
    async claimOnce(key, ttlMs) {
      // ioredis sends a command again when its reply is lost. The token distinguishes our own first attempt from another caller.
      const once = { keys: [dedupeKey(key)], args: [randomUUID(), ttlMs] };
      return (await execute(client, (redis) => runScript(redis, claimOnceScript, once))) === 1;
    },
  };
}
