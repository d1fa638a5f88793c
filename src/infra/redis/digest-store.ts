import { z } from 'zod';
import type { DigestStore } from '../../application/stores.ts';
import type { DigestRecord } from '../../domain/digest.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { jsonReply } from './scripts.ts';
import { sendCommands } from './send-commands.ts';

const version = { v: z.literal(1) };
const recordSchema = jsonReply(
  z.union([
    z.object({ ...version, reportedUntil: z.number(), doneUntil: z.number() }),
    // Earlier versions stored one time for both.
    z.object({ ...version, until: z.number() }).transform(({ until }) => ({ reportedUntil: until, doneUntil: until })),
  ]),
);

/** The records of the digests. They concern all projects, so they have a key of their own. */
export function createDigestStore(client: RedisClient, keys: Keys): DigestStore {
  return {
    async readAll() {
      const records = await sendCommands(client, (redis) => redis.hgetall(keys.digests));
      return new Map(
        Object.entries(records).flatMap(([key, text]): [string, DigestRecord][] => {
          // The digest of a record that cannot be read begins anew.
          const { data: record } = recordSchema.safeParse(text);
          return record === undefined
            ? []
            : [[key, { reportedUntil: record.reportedUntil, doneUntil: record.doneUntil }]];
        }),
      );
    },
    async save(records) {
      if (records.size === 0) return;
      const fields = Object.fromEntries(
        [...records].map(([key, record]) => [key, JSON.stringify({ v: 1, ...record })]),
      );
      await sendCommands(client, (redis) => redis.hset(keys.digests, fields));
    },
    async remove(digestKeys) {
      if (digestKeys.length > 0) await sendCommands(client, (redis) => redis.hdel(keys.digests, ...digestKeys));
    },
  };
}
