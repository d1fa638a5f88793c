import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Fields } from './records.ts';

const itemSchema = z.object({ project: z.string(), projectVersion: z.number(), links: z.number() });
const resultSchema = z.object({
  state: z.string(),
  refusal: z.object({ code: z.string() }).nullable(),
  linksDone: z.number().nullable(),
});
const refusedSchema = z.object({ project: z.string(), refusal: z.object({ code: z.string() }) });
const messageSchema = z.object({ channel: z.string(), ts: z.string() });

/** A batch as it is in Redis, read without the store that is checked. */
export interface BatchRecord {
  readonly id: string;
  readonly state: string;
  readonly action: string;
  readonly by: string;
  readonly version: number;
  readonly notifiedVersion: number;
  readonly started: number;
  /** How many projects wait until they have caught up, or null. */
  readonly catchingUp: unknown;
  readonly isStoppedByPerson: boolean;
  /** The batch that it restores or repeats. Empty without one. */
  readonly after: string;
  readonly finishedAt: number;
  readonly items: readonly z.infer<typeof itemSchema>[];
  readonly refused: readonly z.infer<typeof refusedSchema>[];
  readonly results: Readonly<Record<string, z.infer<typeof resultSchema>>>;
  readonly messages: readonly z.infer<typeof messageSchema>[];
}

export async function readBatches(redis: Redis): Promise<BatchRecord[]> {
  const keys = await redis.keys('syncbot:{b:*}:batch');
  return Promise.all(keys.map(async (key) => toBatch(await redis.hgetall(key))));
}

function toBatch(fields: Fields): BatchRecord {
  const json = <T>(schema: z.ZodType<T>, name: string) => schema.parse(JSON.parse(fields[name] ?? ''));
  const text = (name: string) => fields[name] ?? '';
  const messages = Object.keys(fields).filter((name) => name.startsWith('message:'));
  return {
    id: text('id'),
    state: text('state'),
    action: text('action'),
    by: text('by'),
    version: Number(text('version')),
    notifiedVersion: Number(text('notifiedVersion')),
    started: Number(text('started')),
    catchingUp: text('catchingUp') === '' ? null : JSON.parse(text('catchingUp')),
    isStoppedByPerson: text('stoppedBy') !== '',
    after: text('after'),
    finishedAt: Number(text('finishedAt')),
    items: json(z.array(itemSchema), 'items'),
    refused: json(z.array(refusedSchema), 'refused'),
    results: json(z.record(z.string(), resultSchema), 'results'),
    messages: messages.map((name) => json(messageSchema, name)),
  };
}

const batchPattern =
  / · (?:[A-Z]\w+… \d+ of \d+ projects?|\d+(?: of \d+)? projects? (?:was|were) \w+|[A-Z]\w+ stopped · \d+ of \d+)/;

/** Whether this is the text of a message of a batch. */
export function isBatchText(text: string): boolean {
  return batchPattern.test(text.split('\n')[0] ?? '');
}
