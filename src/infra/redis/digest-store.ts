import { z } from 'zod';
import type { DigestStore } from '../../application/stores.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { jsonReply } from './scripts.ts';
import { sendCommands } from './send-commands.ts';

/** Null for a record that cannot be read. Its digest begins anew. */
const recordSchema = jsonReply(
  z
    .object({ v: z.literal(1), until: z.number() })
    .nullable()
    .catch(null),
);

/** The records of the digests. They concern all projects, so they have a key of their own. */
export function createDigestStore(client: RedisClient, keys: Keys): DigestStore {
  return {
    async readAll() {
      const records = await sendCommands(client, (redis) => redis.hgetall(keys.digests));
      return new Map(
        Object.entries(records).flatMap(([key, text]) => {
          const record = recordSchema.parse(text);
          return record === null ? [] : [[key, record.until]];
        }),
      );
    },
    async save(digestKeys, until) {
      if (digestKeys.length === 0) return;
      const text = JSON.stringify({ v: 1, until });
      const fields = Object.fromEntries(digestKeys.map((key) => [key, text]));
      await sendCommands(client, (redis) => redis.hset(keys.digests, fields));
    },
    async remove(digestKeys) {
      if (digestKeys.length > 0) await sendCommands(client, (redis) => redis.hdel(keys.digests, ...digestKeys));
    },
  };
}
