import { z } from 'zod';
import type { FailuresOfLink, LinkWithWatermark, ListedTask, RetryFailedResult } from '../../application/ports.ts';
import type { Link } from '../../domain/link.ts';
import { rejectAfter, toChunks } from '../../lib/async.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import { findFailedTasks } from './find-failed-tasks.ts';
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
      for (const batch of newestBatchFirst(failed)) {
        if (monotonicNow() > deadline) return { kind: 'retried', tasks };
        const call = retryBatch(connection, link, { tasks: batch, onlyIfPaused: true });
        const { isRefused, retried } = await rejectAfter(call, stepTimeoutMs);
        if (isRefused) return { kind: 'resumed_meanwhile', tasks };
        tasks += retried;
      }
    }
    return { kind: 'retried', tasks };
  } catch (error) {
    connection.report(error);
    return { kind: 'unreachable', tasks };
  }
}

/**
 * Moves some failed tasks of a link back before newer ones, oldest first, whether it is paused or not. Leaves those that are not
 * failed any more, or that have failed again.
 */
export async function retryTasks(
  connection: LinkConnection,
  { link, failures }: FailuresOfLink,
): Promise<RetryFailedResult> {
  try {
    await rejectAfter(mergePausedList(connection, link), stepTimeoutMs);
    const taskIds = failures.map(({ taskId }) => taskId);
    const failed = await rejectAfter(findFailedTasks(connection, { link, taskIds }), stepTimeoutMs);
    const same = failed.filter((task) => failures.some(({ taskId, at }) => taskId === task.taskId && at === task.at));
    let tasks = 0;
    for (const batch of newestBatchFirst(same)) {
      const call = retryBatch(connection, link, { tasks: batch, onlyIfPaused: false });
      tasks += (await rejectAfter(call, stepTimeoutMs)).retried;
    }
    return { kind: 'retried', tasks };
  } catch (error) {
    connection.report(error);
    return { kind: 'unreachable', tasks: 0 };
  }
}

/** The tasks of a link that failed after the watermark, the oldest failures first, at most `limit`. */
export async function listOldestFailed(
  { client }: LinkConnection,
  { link, watermark }: LinkWithWatermark,
  limit: number,
): Promise<readonly ListedTask[]> {
  const prefix = keyPrefix(link);
  const { tasks } = await listPage(client, { prefix, watermark, offset: 0, pageSize: watermark.known.length + limit });
  return tasks.slice(0, limit);
}

const pageSchema = jsonReply(
  z.object({
    scanned: z.number(),
    tasks: z
      .array(
        z
          .object({ id: z.string(), failedAt: z.coerce.number(), runnableAt: z.coerce.number() })
          .transform(({ id, failedAt, runnableAt }) => ({ taskId: id, at: failedAt, runnableAt })),
      )
      .default([]),
  }),
);

interface PageRequest extends Pick<LinkWithWatermark, 'watermark'> {
  readonly prefix: string;
  readonly offset: number;
  readonly pageSize: number;
}

async function listPage(client: LinkConnection['client'], page: PageRequest) {
  const call = runScript(client, listFailedScript, { keys: [`${page.prefix}failed`], args: [JSON.stringify(page)] });
  return pageSchema.parse(await call);
}

async function listFailed({ client }: LinkConnection, { link, watermark }: LinkWithWatermark): Promise<ListedTask[]> {
  const prefix = keyPrefix(link);
  const failed: ListedTask[] = [];
  for (let offset = 0; ; offset += pageSize) {
    const call = listPage(client, { prefix, watermark, offset, pageSize });
    const { scanned, tasks } = await rejectAfter(call, stepTimeoutMs);
    failed.push(...tasks);
    if (scanned < pageSize) return failed;
  }
}

const retryReplySchema = jsonReply(z.object({ isRefused: z.boolean(), retried: z.number() }));

interface RetryBatch {
  /** The oldest first. */
  readonly tasks: readonly ListedTask[];
  readonly onlyIfPaused: boolean;
}

async function retryBatch({ client }: LinkConnection, link: Link, { tasks, onlyIfPaused }: RetryBatch) {
  const prefix = keyPrefix(link);
  const names = ['meta', 'failed', 'wait', 'paused', 'prioritized', 'events', 'pc', 'waiting-children', 'marker'];
  const keys = names.map((name) => `${prefix}${name}`);
  const ids = tasks.map(({ taskId, at }) => ({ id: taskId, failedAt: at }));
  const args = [JSON.stringify({ prefix, tasks: ids, onlyIfPaused })];
  return retryReplySchema.parse(await runScript(client, retryFailedScript, { keys, args }));
}

/**
 * The tasks in batches, each ordered from the oldest task to the newest. The batch with the newest tasks comes first. Then
 * every batch goes to the end of the list that runs first, and the script compares no task of an earlier batch.
 */
function newestBatchFirst(failed: readonly ListedTask[]): ListedTask[][] {
  return toChunks(oldestFirst(failed).reverse(), batchSize).map((batch) => batch.reverse());
}

/**
 * Orders tasks by the time at which they became runnable. Tasks of the same millisecond are in the order in which they
 * failed. But BullMQ counts up the ids that it assigns, so tasks with such ids are in the order of their ids.
 */
function oldestFirst(failed: readonly ListedTask[]): ListedTask[] {
  const sorted = [...failed].sort((a, b) => a.runnableAt - b.runnableAt || a.at - b.at);
  const numbered = sorted
    .filter(hasNumericId)
    .sort((a, b) => a.runnableAt - b.runnableAt || Number(a.taskId) - Number(b.taskId));
  return sorted.map((task) => (hasNumericId(task) ? (numbered.shift() ?? task) : task));
}

function hasNumericId({ taskId }: ListedTask): boolean {
  return /^\d+$/.test(taskId);
}
