import { z } from 'zod';
import type { LinkWithWatermark } from '../../application/ports.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';

const listLastEventsScript = loadScript(new URL('lua/list-last-events.lua', import.meta.url));

/** Reading an event takes Redis 3 µs: a page blocks other clients for about 3 ms. */
const pageSize = 1_000;
/** Less than a caller waits. A stream with several times BullMQ's 10,000 events is read in this time. */
const readTimeoutMs = 2_000;

const pageSchema = jsonReply(
  z.object({
    last: z.string().nullable().default(null),
    gone: z.array(z.string()).default([]),
    other: z.array(z.string()).default([]),
  }),
);

/**
 * Counts the tasks of a link that failed for good after the watermark and do not exist any more, by the link's events. BullMQ
 * keeps about 10,000 events, so there may be more such tasks. Returns 0 if it cannot read all events within `readTimeoutMs`.
 * `monotonicNow`: ms of a clock that never goes back.
 */
export async function countRemovedFailures(
  { client }: LinkConnection,
  { link, watermark }: LinkWithWatermark,
  monotonicNow = () => performance.now(),
): Promise<number> {
  const deadline = monotonicNow() + readTimeoutMs;
  const prefix = keyPrefix(link);
  const gone = new Set<string>();
  for (let after = watermark.eventId; ; ) {
    const args = [JSON.stringify({ prefix, after, pageSize })];
    const reply = await runScript(client, listLastEventsScript, { keys: [`${prefix}events`], args });
    const page = pageSchema.parse(reply);
    for (const task of page.other) gone.delete(task);
    for (const task of page.gone) gone.add(task);
    if (page.last === null) return gone.size;
    // A later event may show that a task did not fail for good.
    if (monotonicNow() > deadline) return 0;
    after = page.last;
  }
}
