import { z } from 'zod';
import type { ObservationStore } from '../../application/stores.ts';
import type { RedisClient } from './client.ts';
import { observeCycleKey } from './keys.ts';
import { jsonReply, loadScript, runScript } from './scripts.ts';
import { sendCommands } from './send-commands.ts';

const recordCycleScript = loadScript(new URL('lua/record-observe-cycle.lua', import.meta.url));
const cycleSchema = jsonReply(
  z
    .object({ v: z.literal(1), completedAt: z.number(), staleAfterMs: z.number() })
    .transform(({ completedAt, staleAfterMs }) => ({ completedAt, staleAfterMs })),
);

/** One record for all projects. */
export function createObservationStore(client: RedisClient): ObservationStore {
  return {
    async recordCycle(staleAfterMs) {
      const call = { keys: [observeCycleKey], args: [JSON.stringify({ staleAfterMs })] };
      await sendCommands(client, (redis) => runScript(redis, recordCycleScript, call));
    },
    async readLastCycle() {
      const text = await sendCommands(client, (redis) => redis.get(observeCycleKey));
      return text === null ? null : cycleSchema.parse(text);
    },
  };
}
