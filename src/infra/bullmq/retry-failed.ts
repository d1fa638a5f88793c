import { z } from 'zod';
import type { LinkWithWatermark, RetryFailedResult } from '../../application/ports.ts';
import type { Link } from '../../domain/link.ts';
import { rejectAfter, toChunks } from '../../lib/async.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';
import { mergePausedList } from './merge-paused-list.ts';

const listFailedScript = loadScript(new URL('lua/list-failed.lua', import.meta.url));
const retryFailedScript = loadScript(new URL('lua/retry-failed.lua', import.meta.url));

/** Listing a task takes Redis 11 µs, moving it back 22 µs: a page or batch blocks other clients for about 10 ms at most. */
const pageSize = 1_000;
const batchSize = 100;
/** How long the link has to answer each script, ms. */
const stepTimeoutMs = 10_000;
/** After this time a call begins no further batch. The next attempt of the operation moves the rest. */
const attemptTimeoutMs = 30_000;
/** Tasks in flight may fail during a pass. What fails after the last pass is left to the next attempt of the operation. */
const maxPasses = 5;

/**
 * Moves the tasks of a link that failed after the watermark back before newer ones, oldest first. Stops after
 * `attemptTimeoutMs`: what is left then is older than what was moved, so that the next call keeps the order.
 * `monotonicNow`: ms of a clock that never goes back.
 */
export async function retryFailedTasks(
  connection: LinkConnection,
  { link, watermark }: LinkWithWatermark,
  monotonicNow = () => performance.now(),
): Promise<RetryFailedResult> {
  const deadline = monotonicNow() + attemptTimeoutMs;
  let tasks = 0;
  try {
    await rejectAfter(mergePausedList(connection, link), stepTimeoutMs);
    for (let pass = 0; pass < maxPasses; pass++) {
      const failed = await listFailed(connection, { link, watermark });
      if (failed.length === 0) break;
      for (const taskIds of newestBatchFirst(failed)) {
        if (monotonicNow() > deadline) return { kind: 'retried', tasks };
        const { isPaused, retried } = await rejectAfter(retryBatch(connection, link, taskIds), stepTimeoutMs);
        if (!isPaused) return { kind: 'resumed_meanwhile', tasks };
        tasks += retried;
      }
    }
    return { kind: 'retried', tasks };
  } catch (error) {
    connection.report(error);
    return { kind: 'unreachable', tasks };
  }
}

const pageSchema = jsonReply(
  z.object({
    scanned: z.number(),
    tasks: z
      .array(z.object({ id: z.string(), failedAt: z.coerce.number(), runnableAt: z.coerce.number() }))
      .default([]),
  }),
);
type FailedTask = z.infer<typeof pageSchema>['tasks'][number];

async function listFailed({ client }: LinkConnection, { link, watermark }: LinkWithWatermark): Promise<FailedTask[]> {
  const prefix = keyPrefix(link);
  const failed: FailedTask[] = [];
  for (let offset = 0; ; offset += pageSize) {
    const args = [JSON.stringify({ prefix, watermark, offset, pageSize })];
    const call = runScript(client, listFailedScript, { keys: [`${prefix}failed`], args });
    const reply = await rejectAfter(call, stepTimeoutMs);
    const { scanned, tasks } = pageSchema.parse(reply);
    failed.push(...tasks);
    if (scanned < pageSize) return failed;
  }
}

const retryReplySchema = jsonReply(z.object({ isPaused: z.boolean(), retried: z.number() }));

async function retryBatch({ client }: LinkConnection, link: Link, taskIds: readonly string[]) {
  const prefix = keyPrefix(link);
  const names = ['meta', 'failed', 'wait', 'paused', 'prioritized', 'events', 'pc', 'waiting-children'];
  const keys = names.map((name) => `${prefix}${name}`);
  const args = [JSON.stringify({ prefix, taskIds })];
  return retryReplySchema.parse(await runScript(client, retryFailedScript, { keys, args }));
}

/**
 * The ids in batches, each ordered from the oldest task to the newest. The batch with the newest tasks comes first. Then
 * every batch goes to the end of the list that runs first, and the script compares no task of an earlier batch.
 */
function newestBatchFirst(failed: readonly FailedTask[]): string[][] {
  const newestFirst = oldestFirst(failed)
    .map(({ id }) => id)
    .reverse();
  return toChunks(newestFirst, batchSize).map((ids) => ids.reverse());
}

/**
 * Orders tasks by the time at which they became runnable. Tasks of the same millisecond are in the order in which they
 * failed. But BullMQ counts up the ids that it assigns, so tasks with such ids are in the order of their ids.
 */
function oldestFirst(failed: readonly FailedTask[]): FailedTask[] {
  const sorted = [...failed].sort((a, b) => a.runnableAt - b.runnableAt || a.failedAt - b.failedAt);
  const numbered = sorted
    .filter(hasNumericId)
    .sort((a, b) => a.runnableAt - b.runnableAt || Number(a.id) - Number(b.id));
  return sorted.map((task) => (hasNumericId(task) ? (numbered.shift() ?? task) : task));
}

function hasNumericId({ id }: FailedTask): boolean {
  return /^\d+$/.test(id);
}
