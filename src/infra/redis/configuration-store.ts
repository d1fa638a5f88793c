import { z } from 'zod';
import type { ConfigurationStore, StoredConfiguration } from '../../application/stores.ts';
import { configurationSchema, unusableConnectionSchema } from '../../domain/configuration.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { jsonReply, loadScript, runScript } from './scripts.ts';
import { sendCommands } from './send-commands.ts';
import { writeReply } from './steps.ts';

const saveScript = loadScript(new URL('lua/save-configuration.lua', import.meta.url));
const registerScript = loadScript(new URL('lua/register-process.lua', import.meta.url));

const recordSchema = z.object({
  v: z.literal('1'),
  version: z
    .string()
    .regex(/^[1-9]\d*$/)
    .transform(Number),
  configuration: jsonReply(configurationSchema),
});

const processSchema = jsonReply(
  z.object({
    v: z.literal(1),
    expiresAt: z.number(),
    status: jsonReply(
      z.object({
        id: z.string(),
        role: z.string(),
        configurationVersion: z.number().nullable(),
        unusable: z.array(unusableConnectionSchema),
      }),
    ),
  }),
);

/** The records of the configuration. They concern all projects, so each has a key of its own. */
export function createConfigurationStore(client: RedisClient, keys: Keys): ConfigurationStore {
  return {
    async read() {
      return toStoredConfiguration(await sendCommands(client, (redis) => redis.hgetall(keys.configuration)));
    },
    async save(configuration, expectedVersion, by) {
      const args = { configuration: JSON.stringify(configuration), expectedVersion, by };
      const call = { keys: [keys.configuration], args: [JSON.stringify(args)] };
      return writeReply.parse(await sendCommands(client, (redis) => runScript(redis, saveScript, call)));
    },
    async registerProcess(process, expireAfterMs) {
      const args = { id: process.id, status: JSON.stringify(process), expireAfterMs };
      const call = { keys: [keys.processes], args: [JSON.stringify(args)] };
      await sendCommands(client, (redis) => runScript(redis, registerScript, call));
    },
    async removeProcess(id) {
      await sendCommands(client, (redis) => redis.hdel(keys.processes, id));
    },
    async listProcesses() {
      const [records, [seconds]] = await sendCommands(client, (redis) =>
        Promise.all([redis.hgetall(keys.processes), redis.time()]),
      );
      const processes = Object.values(records).flatMap((text) => processSchema.safeParse(text).data ?? []);
      return processes
        .filter(({ expiresAt }) => expiresAt > Number(seconds) * 1_000)
        .map(({ status }) => status)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
    },
  };
}

function toStoredConfiguration(fields: Readonly<Record<string, string>>): StoredConfiguration {
  if (Object.keys(fields).length === 0) return { kind: 'none' };
  const { data: record } = recordSchema.safeParse(fields);
  if (record === undefined) return { kind: 'unreadable' };
  const { version, configuration } = record;
  return { kind: 'read', version, configuration };
}
