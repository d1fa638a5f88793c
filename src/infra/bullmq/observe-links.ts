import { z } from 'zod';
import type { LinkWithWatermark } from '../../application/ports.ts';
import type { LinkObservation } from '../../domain/observation.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import { failureReasonSchema } from './failure-reason.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

export const observeLinksScript = loadScript(new URL('lua/observe-links.lua', import.meta.url));

/** Observes links of one connection with one script. Returns the observations in the order of `items`. */
export async function observeBatch(
  { client }: LinkConnection,
  items: readonly LinkWithWatermark[],
): Promise<LinkObservation[]> {
  const replies = repliesSchema.parse(await runScript(client, observeLinksScript, observeLinksInput(items)));
  return items.map(({ link }, index) => {
    const stats = replies[index] ?? null;
    return stats === null ? { kind: 'missing', link } : { link, ...stats };
  });
}

export function observeLinksInput(items: readonly LinkWithWatermark[]) {
  const links = items.map(({ link, watermark }) => ({ prefix: keyPrefix(link), watermark }));
  return { keys: links.map(({ prefix }) => `${prefix}meta`), args: [JSON.stringify({ links })] };
}

const count = z.number();
const time = z.coerce.number();
const optionalTime = time.nullable().default(null);
const failedRetentionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['all', 'none']) }),
  z.object({
    kind: z.literal('bounded'),
    count: z.number().nullable().default(null),
    ageMs: z.number().nullable().default(null),
  }),
]);

const queueFacts = {
  now: time,
  paused: z.boolean(),
  bullmqVersion: z.string().nullable().default(null),
  failuresAfterWatermark: count,
  oldestFailures: z.array(z.object({ taskId: z.string(), at: time, reason: failureReasonSchema })).default([]),
  newestFailed: z.object({
    at: time,
    known: z.array(z.object({ taskId: z.string(), at: time })).default([]),
    eventId: z.string(),
  }),
};

const repliesSchema = z.array(
  jsonReply(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('unreadable'), ...queueFacts }),
      z.object({
        kind: z.literal('read'),
        ...queueFacts,
        waiting: count,
        prioritized: count,
        active: count,
        delayed: count,
        failed: count,
        added: count,
        ended: count,
        overdue: count,
        overdueSince: optionalTime,
        oldestRunnableAt: optionalTime,
        ignoresPause: z.boolean(),
        failedRetention: failedRetentionSchema.nullable().default(null),
      }),
    ]),
  ).nullable(),
);
