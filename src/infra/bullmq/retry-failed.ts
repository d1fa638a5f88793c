import { z } from 'zod';
import type { LinkWithWatermark, RetryFailedResult } from '../../application/ports.ts';
import type { Link } from '../../domain/link.ts';
import { timedResult, toChunks } from '../../lib/async.ts';
import { runScript } from '../redis/scripts.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';
import { mergePausedList } from './merge-paused-list.ts';
import { listFailedScript, retryFailedScript } from './retry-failed-scripts.ts';

const listReplySchema = z.tuple([z.number(), z.array(z.tuple([z.string(), z.coerce.number(), z.coerce.number()]))]);
const retryReplySchema = z.tuple([z.number(), z.number()]);

const listPageSize = 500;
const retryBatchSize = 100;
const stepTimeoutMs = 10_000;
/** Tasks in flight may fail while others are put back; what still fails after so many rounds is left to the next run. */
const maxPasses = 5;

interface FailedTask {
  readonly id: string;
  readonly failedAt: number;
  /** When it first became runnable: what makes a task older than another. */
  readonly runnableAt: number;
}

/**
 * Puts every task of one link that failed after the watermark back before newer ones, oldest first. The newest go first,
 * so that each finds its place next to the tail.
 */
export async function retryFailedTasks(
  connection: LinkConnection,
  item: LinkWithWatermark,
): Promise<RetryFailedResult> {
  let tasks = 0;
  const isMerged = await orUndefined(
    connection,
    mergePausedList(connection, item.link).then(() => true),
  );
  if (isMerged === undefined) return { kind: 'unreachable', tasks };
  for (let pass = 0; pass < maxPasses; pass++) {
    const failed = await orUndefined(connection, listFailed(connection, item));
    if (failed === undefined) return { kind: 'unreachable', tasks };
    if (failed.length === 0) break;
    for (const chunk of toChunks(oldestFirst(failed).reverse(), retryBatchSize)) {
      const reply = await orUndefined(connection, retryBatch(connection, item.link, chunk.reverse()));
      if (reply === undefined) return { kind: 'unreachable', tasks };
      const [paused, moved] = reply;
      if (paused === 0) return { kind: 'stopped', tasks };
      tasks += moved;
    }
  }
  return { kind: 'retried', tasks };
}

async function orUndefined<T>(connection: LinkConnection, asked: Promise<T>): Promise<T | undefined> {
  const waited = await timedResult(asked, stepTimeoutMs);
  if (waited.kind === 'failed') connection.report(waited.error);
  return waited.kind === 'answered' ? waited.value : undefined;
}

async function listFailed({ client }: LinkConnection, { link, watermark }: LinkWithWatermark): Promise<FailedTask[]> {
  const base = keyPrefix(link);
  const tasks: FailedTask[] = [];
  for (let offset = 0; ; offset += listPageSize) {
    const args = [base, watermark.at, JSON.stringify(watermark.taskIds), offset, listPageSize];
    const [found, listed] = listReplySchema.parse(
      await runScript(client, listFailedScript, { keys: [`${base}failed`], args }),
    );
    tasks.push(...listed.map(([id, failedAt, since]) => ({ id, failedAt, runnableAt: since })));
    if (found < listPageSize) return tasks;
  }
}

async function retryBatch({ client }: LinkConnection, link: Link, chunk: readonly FailedTask[]) {
  const base = keyPrefix(link);
  const keys = ['meta', 'failed', 'wait', 'paused', 'prioritized', 'events', 'pc'].map((name) => `${base}${name}`);
  const args = [base, ...chunk.map(({ id }) => id)];
  return retryReplySchema.parse(await runScript(client, retryFailedScript, { keys, args }));
}

/**
 * By the moment at which they became runnable. Within one millisecond in the order in which they failed, but those that
 * BullMQ numbered among themselves by number: it counts up.
 */
function oldestFirst(failed: readonly FailedTask[]): FailedTask[] {
  const sorted = [...failed].sort((a, b) => a.runnableAt - b.runnableAt || a.failedAt - b.failedAt);
  const numbered = sorted.filter(isNumbered).sort((a, b) => a.runnableAt - b.runnableAt || Number(a.id) - Number(b.id));
  return sorted.map((task) => (isNumbered(task) ? (numbered.shift() ?? task) : task));
}

function isNumbered({ id }: FailedTask): boolean {
  return /^\d+$/.test(id);
}
