import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { pluralize } from '../src/messages/en/format.ts';
import { demoProjects } from './projects.ts';
import { withRunningDemo } from './running-demo.ts';
import { type Comparison, compareTables } from './tables.ts';

export interface CompareOptions {
  /** The port of the running demo's local Slack. */
  readonly port: number;
  /** Compare all projects if it is null. */
  readonly project: string | null;
  readonly print: (text: string) => void;
}

/** Prints for each link whether its target equals its source. Returns the exit code: 0 if all are equal, else 1. */
export async function compare({ port, project, print }: CompareOptions): Promise<number> {
  return withRunningDemo(port, async (redis) => {
    const selectedProjects = demoProjects.filter(({ id }) => project === null || id === project);
    const links = selectedProjects.flatMap(({ id, links }) => links.map(({ queue }) => ({ project: id, queue })));
    const results = await Promise.all(links.map((link) => compareLink(redis, link)));
    const width = Math.max(...links.map(({ queue }) => queue.length));
    results.forEach((result, index) => {
      print(`${(links[index]?.queue ?? '').padEnd(width)}  ${formatResult(result)}`);
    });
    const unequalCount = results.filter(({ comparison }) => !comparison.equal).length;
    const unequalTargets = `${pluralize(unequalCount, 'target')} of ${results.length} not equal`;
    print(
      unequalCount === 0
        ? 'Every target equals its source.'
        : `${unequalTargets}: Start or Restore the project, then compare again.`,
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

interface ProjectLink {
  readonly project: string;
  readonly queue: string;
}

const compareTimeoutMs = 30_000;
const pollIntervalMs = 25;

/**
 * The sources change all the time, and a change reaches its target a moment later. So this compares again and again until
 * the target equals the source, the link is idle, or the time is over. Each comparison reads both in one step.
 */
async function compareLink(redis: Redis, link: ProjectLink): Promise<LinkResult> {
  const queue = new Queue(link.queue, { connection: redis, skipMetasUpdate: true });
  queue.on('error', () => undefined);
  const deadline = Date.now() + compareTimeoutMs;
  for (;;) {
    const result = await readLinkResult(redis, queue, link.project);
    const isIdle = result.paused && result.active === 0;
    if (result.comparison.equal || isIdle || Date.now() > deadline) return result;
    await delay(pollIntervalMs);
  }
}

async function readLinkResult(redis: Redis, queue: Queue, project: string): Promise<LinkResult> {
  const [paused, { waiting = 0, active = 0, failed = 0 }] = await Promise.all([
    queue.isPaused(),
    queue.getJobCounts('waiting', 'active', 'failed'),
  ]);
  const [comparison] = await compareTables(redis, project, [queue.name]);
  if (comparison === undefined) throw new Error('the comparison of a link is missing');
  return { comparison, paused, waiting, active, failed };
}

function formatResult({ comparison, paused, waiting, failed }: LinkResult): string {
  const { equal, rowCount, missingChanges, missingRows, differentRows } = comparison;
  if (equal) return `equal (${pluralize(rowCount, 'row')})`;
  const rowDifferences = `${pluralize(missingRows, 'row')} missing, ${differentRows} different`;
  const tasks = `${pluralize(waiting, 'task')} waiting, ${failed} failed`;
  const flag = paused ? 'is paused' : 'runs';
  return `behind by ${pluralize(missingChanges, 'change')} (${rowDifferences}); the link ${flag}, ${tasks}`;
}
