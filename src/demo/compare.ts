import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { count } from '../domain/words.ts';
import { demoProjects } from './projects.ts';
import { withRunningDemo } from './running-demo.ts';
import { type Comparison, compareTables } from './tables.ts';

export interface CompareOptions {
  readonly port: number;
  /** Null: every project. */
  readonly project: string | null;
  readonly say: (text: string) => void;
}

/**
 * The sources keep changing, and a change is in its target a moment later: a link is looked at until its target equals its
 * source, both read in one step, or nothing moves on it, but no longer than this.
 */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 25;

/** Says of every link whether its target equals its source. Answers with the exit code: 0 if all do, else 1. */
export async function compare({ port, project, say }: CompareOptions): Promise<number> {
  return withRunningDemo(port, async (redis) => {
    const wanted = demoProjects.filter(({ id }) => project === null || id === project);
    const links = wanted.flatMap(({ id, links }) => links.map(({ queue }) => ({ project: id, queue })));
    const results = await Promise.all(links.map((link) => compareLink(redis, link)));
    const width = Math.max(...links.map(({ queue }) => queue.length));
    results.forEach((result, index) => {
      say(`${(links[index]?.queue ?? '').padEnd(width)}  ${sentence(result)}`);
    });
    const unequal = results.filter(({ comparison }) => !comparison.equal).length;
    if (unequal === 0) say('Every target equals its source.');
    else
      say(
        `${count(unequal, 'target')} of ${results.length} not equal: Start or Restore the project, then compare again.`,
      );
    return unequal === 0 ? 0 : 1;
  });
}

interface Result {
  readonly comparison: Comparison;
  readonly paused: boolean;
  readonly waiting: number;
  readonly active: number;
  readonly failed: number;
}

async function compareLink(redis: Redis, link: { readonly project: string; readonly queue: string }): Promise<Result> {
  const queue = new Queue(link.queue, { connection: redis, skipMetasUpdate: true });
  queue.on('error', () => undefined);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const result = await look(redis, queue, link);
    const still = result.paused && result.active === 0;
    if (result.comparison.equal || still || Date.now() > deadline) return result;
    await delay(LOOK_EVERY_MS);
  }
}

async function look(redis: Redis, queue: Queue, link: { readonly project: string }): Promise<Result> {
  const [paused, { waiting = 0, active = 0, failed = 0 }] = await Promise.all([
    queue.isPaused(),
    queue.getJobCounts('waiting', 'active', 'failed'),
  ]);
  const [comparison] = await compareTables(redis, link.project, [queue.name]);
  if (comparison === undefined) throw new Error('a link has a comparison');
  return { comparison, paused, waiting, active, failed };
}

function sentence({ comparison, paused, waiting, failed }: Result): string {
  const { equal, rows, behind, missing, different } = comparison;
  if (equal) return `equal (${count(rows, 'row')})`;
  const rowsApart = `${count(missing, 'row')} missing, ${different} different`;
  const tasks = `${count(waiting, 'task')} waiting, ${failed} failed`;
  return `behind by ${count(behind, 'change')} (${rowsApart}); the link ${paused ? 'is paused' : 'runs'}, ${tasks}`;
}
