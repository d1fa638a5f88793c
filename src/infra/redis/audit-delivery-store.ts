import { z } from 'zod';
import type { AuditDeliveryStore } from '../../application/stores.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { jsonReply } from './scripts.ts';
import { sendCommands } from './send-commands.ts';

const recordSchema = jsonReply(z.object({ v: z.literal(1), deliveredUntil: z.number() }));

/** Up to which time the audit log was sent to the webhook. */
export function createAuditDeliveryStore(client: RedisClient, keys: Keys): AuditDeliveryStore {
  return {
    async read() {
      const text = await sendCommands(client, (redis) => redis.get(keys.auditDelivery));
      return text === null ? null : recordSchema.parse(text).deliveredUntil;
    },
    async save(deliveredUntil) {
      const text = JSON.stringify({ v: 1, deliveredUntil });
      await sendCommands(client, (redis) => redis.set(keys.auditDelivery, text));
    },
  };
}
