import { z } from 'zod';
import type { ObservationStore } from '../../application/stores.ts';
import { messageRefSchema } from '../../domain/operation.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { jsonReply, loadScript, runScript } from './scripts.ts';
import { sendCommands } from './send-commands.ts';

/** The sweep checks at least this often, also when it is slow (application/throttled-cycle.ts). */
const forgetMissingAfterMs = 150_000;

const recordCycleScript = loadScript(new URL('lua/record-observe-cycle.lua', import.meta.url));
const markNotObservedScript = loadScript(new URL('lua/mark-not-observed.lua', import.meta.url));
const version = { v: z.literal(1) };
const cycleSchema = jsonReply(
  z
    .object({
      ...version,
      completedAt: z.number(),
      staleAfterMs: z.number(),
      // Earlier versions did not count them.
      unobservedProjects: z.number().default(0),
      // Earlier versions did not store it.
      gap: z.object({ from: z.number(), to: z.number() }).nullable().default(null),
    })
    .transform(({ v: _version, ...cycle }) => cycle),
);
const messageSchema = jsonReply(
  z
    .object({ ...version, since: z.number().nullable(), message: messageRefSchema })
    .transform(({ since, message }) => ({ since, message })),
);

/** The records of the observer. They concern all projects, so each has a key of its own. */
export function createObservationStore(client: RedisClient, keys: Keys): ObservationStore {
  return {
    async recordCycle(cycle) {
      const call = { keys: [keys.observeCycle], args: [JSON.stringify(cycle)] };
      await sendCommands(client, (redis) => runScript(redis, recordCycleScript, call));
    },
    async readLastCycle() {
      const text = await sendCommands(client, (redis) => redis.get(keys.observeCycle));
      return text === null ? null : cycleSchema.parse(text);
    },
    async markNotObserved() {
      const call = { keys: [keys.observerMissing], args: [JSON.stringify({ forgetAfterMs: forgetMissingAfterMs })] };
      return z.number().parse(await sendCommands(client, (redis) => runScript(redis, markNotObservedScript, call)));
    },
    async markReported() {
      const key = keys.observerMissingReported;
      const created = await sendCommands(client, (redis) => redis.set(key, '1', 'PX', forgetMissingAfterMs, 'NX'));
      if (created === null) await sendCommands(client, (redis) => redis.pexpire(key, forgetMissingAfterMs));
      return created !== null;
    },
    async markObserved() {
      // The mark of the report goes first. If it stayed alone, because this process dies, the next outage would not be reported.
      const reports = await sendCommands(client, (redis) => redis.del(keys.observerMissingReported));
      await sendCommands(client, (redis) => redis.del(keys.observerMissing));
      return reports > 0;
    },
    async readMessages() {
      const messages = await sendCommands(client, (redis) => redis.hgetall(keys.observationMessages));
      return Object.entries(messages).map(([channel, text]) => ({ channel, ...messageSchema.parse(text) }));
    },
    async saveMessage({ channel, since, message }) {
      const text = JSON.stringify({ v: 1, since, message });
      await sendCommands(client, (redis) => redis.hset(keys.observationMessages, channel, text));
    },
    async removeMessage(channel) {
      await sendCommands(client, (redis) => redis.hdel(keys.observationMessages, channel));
    },
  };
}
