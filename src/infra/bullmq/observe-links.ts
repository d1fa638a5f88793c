import { z } from 'zod';
import type { LinkWithWatermark } from '../../application/ports.ts';
import type { Link } from '../../domain/link.ts';
import type { LinkObservation } from '../../domain/observation.ts';
import { maskFailureReason } from '../../logging/redact.ts';
import { runScript } from '../redis/scripts.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';
import { observeScript } from './observe-script.ts';

const timestamp = z.coerce.number();
const linkReplySchema = z.tuple([
  ...([z.number(), z.string(), timestamp] as const),
  ...([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()] as const),
  ...([timestamp, z.number(), z.array(z.string()), timestamp, z.array(z.string())] as const),
  ...([timestamp, z.number(), z.number()] as const),
]);
const repliesSchema = z.array(linkReplySchema.nullable());

/** Looks at links of one connection with one script; in the order of the items. */
export async function observeBatch(
  { client }: LinkConnection,
  items: readonly LinkWithWatermark[],
): Promise<LinkObservation[]> {
  const keys = items.map(({ link }) => `${keyPrefix(link)}meta`);
  const args = items.flatMap(({ link, watermark }) => [
    keyPrefix(link),
    watermark.at,
    JSON.stringify(watermark.taskIds),
  ]);
  const replies = repliesSchema.parse(await runScript(client, observeScript, { keys, args }));
  return items.map(({ link }, index) => {
    const reply = replies[index] ?? null;
    return reply === null ? { kind: 'missing', link } : toObservation(link, reply);
  });
}

function toObservation(link: Link, reply: z.infer<typeof linkReplySchema>): LinkObservation {
  const [paused, writtenBy, now, waiting, prioritized, active, delayed, overdue, failed] = reply;
  const [, , , , , , , , , oldest, failuresAfterWatermark, failures, newestAt, newestIds, due, taken, kept] = reply;
  return {
    kind: 'read',
    link,
    now,
    waiting,
    prioritized,
    active,
    delayed,
    overdue,
    failed,
    failuresAfterWatermark,
    paused: paused === 1,
    overdueSince: due === -1 || due > now ? null : due,
    ignoresPause: taken === 1,
    keepsFailed: kept === -1 ? null : kept === 1,
    bullmqVersion: writtenBy === '' ? null : writtenBy,
    oldestRunnableAt: oldest === -1 ? null : oldest,
    oldestFailures: parseFailedTasks(failures).slice(0, 3),
    newestFailed: { at: newestAt, taskIds: newestIds },
  };
}

function parseFailedTasks(flat: readonly string[]) {
  const tasks = [];
  for (let index = 0; index + 2 < flat.length; index += 3) {
    const reason = maskFailureReason(String(flat[index + 2]));
    tasks.push({ taskId: String(flat[index]), at: Number(flat[index + 1]), reason });
  }
  return tasks;
}
