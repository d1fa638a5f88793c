import { z } from 'zod';
import type { AuditDeliveryStore } from '../../application/stores.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { jsonReply } from './scripts.ts';
import { sendCommands } from './send-commands.ts';

const recordSchema = jsonReply(
  // Earlier versions did not store failures.
  z.object({ v: z.literal(1), deliveredUntil: z.number(), failures: z.number().default(0) }),
);

/** Up to which time the audit log was sent to the webhook, and how many requests have failed since. */
export function createAuditDeliveryStore(client: RedisClient, keys: Keys): AuditDeliveryStore {
  return {
    async read() {
      const text = await sendCommands(client, (redis) => redis.get(keys.auditDelivery));
      return text === null ? null : recordSchema.parse(text);
    },
    async save({ deliveredUntil, failures }) {
      const text = JSON.stringify({ v: 1, deliveredUntil, failures });
      await sendCommands(client, (redis) => redis.set(keys.auditDelivery, text));
    },
  };
}
