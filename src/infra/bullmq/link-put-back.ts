import { z } from 'zod';
import { chunksOf } from '../../application/chunks.ts';
import type { LinkWithWatermark, PutBack } from '../../application/ports.ts';
import { outcomeWithin } from '../../application/within.ts';
import type { Link } from '../../domain/project.ts';
import { run } from '../redis/call.ts';
import { type LinkConnection, linkBase } from './link-connections.ts';
import { listScript, putBackScript } from './put-back-scripts.ts';
import { gatherSetAside } from './set-aside.ts';

const listReply = z.tuple([z.number(), z.array(z.tuple([z.string(), z.coerce.number(), z.coerce.number()]))]);
const putBackReply = z.tuple([z.number(), z.number()]);

const listedAtOnce = 500;
const putBackAtOnce = 100;
const stepWithinMs = 10_000;
/** Tasks in flight may fail while others are put back; what still fails after so many rounds is left to the next run. */
const maxRounds = 5;

interface FailedTask {
  readonly id: string;
  readonly failedAt: number;
  /** When it first became runnable: what makes a task older than another. */
  readonly since: number;
}

/**
 * Puts every task of one link that failed after the watermark back before newer ones, oldest first. The newest go first,
 * so that each finds its place next to the tail.
 */
export async function putBackLink(connection: LinkConnection, item: LinkWithWatermark): Promise<PutBack> {
  let tasks = 0;
  const gathered = await answered(
    connection,
    gatherSetAside(connection, item.link).then(() => true),
  );
  if (gathered === undefined) return { kind: 'unreachable', tasks };
  for (let round = 0; round < maxRounds; round++) {
    const failed = await answered(connection, listFailed(connection, item));
    if (failed === undefined) return { kind: 'unreachable', tasks };
    if (failed.length === 0) break;
    for (const chunk of chunksOf(oldestFirst(failed).reverse(), putBackAtOnce)) {
      const reply = await answered(connection, putBackChunk(connection, item.link, chunk.reverse()));
      if (reply === undefined) return { kind: 'unreachable', tasks };
      const [paused, moved] = reply;
      if (paused === 0) return { kind: 'stopped', tasks };
      tasks += moved;
    }
  }
  return { kind: 'put_back', tasks };
}

async function answered<T>(connection: LinkConnection, asked: Promise<T>): Promise<T | undefined> {
  const waited = await outcomeWithin(asked, stepWithinMs);
  if (waited.kind === 'failed') connection.report(waited.error);
  return waited.kind === 'answered' ? waited.value : undefined;
}

async function listFailed({ client }: LinkConnection, { link, watermark }: LinkWithWatermark): Promise<FailedTask[]> {
  const base = linkBase(link);
  const tasks: FailedTask[] = [];
  for (let offset = 0; ; offset += listedAtOnce) {
    const args = [base, watermark.at, JSON.stringify(watermark.taskIds), offset, listedAtOnce];
    const [found, listed] = listReply.parse(await run(client, listScript, { keys: [`${base}failed`], args }));
    tasks.push(...listed.map(([id, failedAt, since]) => ({ id, failedAt, since })));
    if (found < listedAtOnce) return tasks;
  }
}

async function putBackChunk({ client }: LinkConnection, link: Link, chunk: readonly FailedTask[]) {
  const base = linkBase(link);
  const keys = ['meta', 'failed', 'wait', 'paused', 'prioritized', 'events', 'pc'].map((name) => `${base}${name}`);
  const args = [base, ...chunk.map(({ id }) => id)];
  return putBackReply.parse(await run(client, putBackScript, { keys, args }));
}

/**
 * By the moment at which they became runnable. Within one millisecond in the order in which they failed, but those that
 * BullMQ numbered among themselves by number: it counts up.
 */
function oldestFirst(failed: readonly FailedTask[]): FailedTask[] {
  const sorted = [...failed].sort((a, b) => a.since - b.since || a.failedAt - b.failedAt);
  const numbered = sorted.filter(isNumbered).sort((a, b) => a.since - b.since || Number(a.id) - Number(b.id));
  return sorted.map((task) => (isNumbered(task) ? (numbered.shift() ?? task) : task));
}

function isNumbered({ id }: FailedTask): boolean {
  return /^\d+$/.test(id);
}
