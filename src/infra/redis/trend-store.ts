import { z } from 'zod';
import type { TrendStore } from '../../application/stores.ts';
import { maxSamples, sampleIntervalMs, type TrendSample } from '../../domain/trend.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { sendCommands } from './send-commands.ts';
import { defineStep, noReply, type StepRunner } from './steps.ts';

const recordSampleStep = defineStep('record-sample', noReply);

/** Texts of at most 64 characters, so that Redis keeps the hash of a project in one compact value of about 2 KB. */
const sampleSchema = z
  .string()
  .regex(/^1:\d+:\d+:\d+$/)
  .transform((text): TrendSample => {
    const [, at = 0, backlog = 0, latencyMs = 0] = text.split(':').map(Number);
    return { at, backlog, latencyMs };
  });

export interface TrendStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly runStep: StepRunner;
}

/** The trend of a project is a hash with a field for each minute of an hour, so it cannot grow. */
export function createTrendStore({ client, keys, runStep }: TrendStoreOptions): TrendStore {
  return {
    async record(samples) {
      // The client sends all steps before the first reply.
      await Promise.all(
        samples.map(({ project, ...sample }) =>
          runStep(recordSampleStep, { project, slot: slotOf(sample), sample: serializeSample(sample) }),
        ),
      );
    },
    async read(id) {
      const fields = await sendCommands(client, (redis) => redis.hgetall(keys.project(id).trend));
      // A newer version may have written another format.
      const samples = Object.values(fields).flatMap((text) => sampleSchema.safeParse(text).data ?? []);
      return samples.sort((a, b) => a.at - b.at);
    },
  };
}

function slotOf({ at }: TrendSample): number {
  return Math.floor(at / sampleIntervalMs) % maxSamples;
}

function serializeSample({ at, backlog, latencyMs }: TrendSample): string {
  return ['1', at, backlog, latencyMs].map((part) => (typeof part === 'number' ? Math.round(part) : part)).join(':');
}
