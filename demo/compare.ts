import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { pluralize } from '../src/messages/en/format.ts';
import { demoProjects } from './projects.ts';
import { withRunningDemo } from './running-demo.ts';
import { type Comparison, compareTables } from './tables.ts';

export interface CompareOptions {
  readonly port: number;
  /** Null: every project. */
  readonly project: string | null;
  readonly print: (text: string) => void;
}

/**
 * The sources keep changing, and a change is in its target a moment later: a link is looked at until its target equals its
 * source, both read in one step, or nothing moves on it, but no longer than this.
 */
const COMPARE_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 25;

/** Says of every link whether its target equals its source. Answers with the exit code: 0 if all do, else 1. */
export async function compare({ port, project, print }: CompareOptions): Promise<number> {
  return withRunningDemo(port, async (redis) => {
    const selectedProjects = demoProjects.filter(({ id }) => project === null || id === project);
    const links = selectedProjects.flatMap(({ id, links }) => links.map(({ queue }) => ({ project: id, queue })));
    const results = await Promise.all(links.map((link) => compareLink(redis, link)));
    const width = Math.max(...links.map(({ queue }) => queue.length));
    results.forEach((result, index) => {
      print(`${(links[index]?.queue ?? '').padEnd(width)}  ${resultText(result)}`);
    });
    const unequalCount = results.filter(({ comparison }) => !comparison.equal).length;
    if (unequalCount === 0) print('Every target equals its source.');
    else
      print(
        `${pluralize(unequalCount, 'target')} of ${results.length} not equal: Start or Restore the project, then compare again.`,
      );
    return unequalCount === 0 ? 0 : 1;
  });
}

interface LinkResult {
  readonly comparison: Comparison;
  readonly paused: boolean;
  readonly waiting: number;
  readonly active: number;
  readonly failed: number;
}

async function compareLink(
  redis: Redis,
  link: { readonly project: string; readonly queue: string },
): Promise<LinkResult> {
  const queue = new Queue(link.queue, { connection: redis, skipMetasUpdate: true });
  queue.on('error', () => undefined);
  const deadline = Date.now() + COMPARE_TIMEOUT_MS;
  for (;;) {
    const result = await readLinkResult(redis, queue, link);
    const isIdle = result.paused && result.active === 0;
    if (result.comparison.equal || isIdle || Date.now() > deadline) return result;
    await delay(POLL_INTERVAL_MS);
  }
}

async function readLinkResult(redis: Redis, queue: Queue, link: { readonly project: string }): Promise<LinkResult> {
  const [paused, { waiting = 0, active = 0, failed = 0 }] = await Promise.all([
    queue.isPaused(),
    queue.getJobCounts('waiting', 'active', 'failed'),
  ]);
  const [comparison] = await compareTables(redis, link.project, [queue.name]);
  if (comparison === undefined) throw new Error('a link has a comparison');
  return { comparison, paused, waiting, active, failed };
}

function resultText({ comparison, paused, waiting, failed }: LinkResult): string {
  const { equal, rowCount, missingChanges, missingRows, differentRows } = comparison;
  if (equal) return `equal (${pluralize(rowCount, 'row')})`;
  const rowDifferences = `${pluralize(missingRows, 'row')} missing, ${differentRows} different`;
  const tasks = `${pluralize(waiting, 'task')} waiting, ${failed} failed`;
  return `behind by ${pluralize(missingChanges, 'change')} (${rowDifferences}); the link ${paused ? 'is paused' : 'runs'}, ${tasks}`;
}
