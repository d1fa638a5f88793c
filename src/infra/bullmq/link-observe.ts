import { z } from 'zod';
import type { LinkWithWatermark } from '../../application/ports.ts';
import type { LinkReading } from '../../domain/observation.ts';
import type { Link } from '../../domain/project.ts';
import { run } from '../redis/call.ts';
import { type LinkConnection, linkBase } from './link-connections.ts';
import { observeScript } from './observe-script.ts';

const moment = z.coerce.number();
const answerSchema = z.tuple([
  ...([z.number(), z.string(), moment] as const),
  ...([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()] as const),
  ...([moment, z.number(), z.array(z.string()), moment, z.array(z.string())] as const),
  ...([moment, z.number(), z.number()] as const),
]);
const answersSchema = z.array(answerSchema.nullable());

/** Looks at links of one connection with one script; in the order of the items. */
export async function observeChunk(
  { client }: LinkConnection,
  items: readonly LinkWithWatermark[],
): Promise<LinkReading[]> {
  const keys = items.map(({ link }) => `${linkBase(link)}meta`);
  const args = items.flatMap(({ link, watermark }) => [
    linkBase(link),
    watermark.at,
    JSON.stringify(watermark.taskIds),
  ]);
  const answers = answersSchema.parse(await run(client, observeScript, { keys, args }));
  return items.map(({ link }, index) => {
    const answer = answers[index] ?? null;
    return answer === null ? { kind: 'missing', link } : reading(link, answer);
  });
}

function reading(link: Link, answer: z.infer<typeof answerSchema>): LinkReading {
  const [paused, writtenBy, now, waiting, prioritized, active, delayed, overdue, failed] = answer;
  const [, , , , , , , , , oldest, failuresAfterWatermark, failures, newestAt, newestIds, due, taken, kept] = answer;
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
    takesWhilePaused: taken === 1,
    keepsFailed: kept === -1 ? null : kept === 1,
    writtenBy: writtenBy === '' ? null : writtenBy,
    oldestRunnableAt: oldest === -1 ? null : oldest,
    firstFailures: tasksOf(failures).slice(0, 3),
    newestFailed: { at: newestAt, taskIds: newestIds },
  };
}

function tasksOf(flat: readonly string[]) {
  const tasks = [];
  for (let index = 0; index + 2 < flat.length; index += 3) {
    tasks.push({ taskId: String(flat[index]), at: Number(flat[index + 1]), reason: String(flat[index + 2]) });
  }
  return tasks;
}
