import type { Redis } from 'ioredis';
import { isHeldStill, type Standing } from './model.ts';
import { type Entry, type Fields, fieldsOf, isTaskFailure } from './records.ts';

export interface LinkHistory {
  readonly link: string;
  /** When the flag was set or taken away. */
  readonly flags: readonly { readonly at: number; readonly paused: boolean }[];
  /** The tasks that failed, each with the moments at which it did. */
  readonly failed: ReadonlyMap<string, readonly number[]>;
  readonly violations: readonly string[];
  readonly tasks: number;
  /** Tasks that Restore put back. */
  readonly putBack: number;
}

const longestStream = 9_000;

/** Plays a link's own event stream: nothing begins while paused, nothing is put back while running, each task ends once. */
export async function readLink(redis: Redis, link: string): Promise<LinkHistory> {
  const events = (await redis.xrange(`bull:${link}:events`, '-', '+')).map(([id, flat]) => ({
    at: Number(id.split('-', 1)[0]),
    fields: fieldsOf(flat),
  }));
  const violations: string[] = [];
  const say = (violation: string) => violations.push(`${link}: ${violation}`);
  if (events.length > longestStream) say(`its events are no longer all there (${events.length})`);
  const flags: { at: number; paused: boolean }[] = [];
  const added = new Set<string>();
  const completed = new Map<string, number>();
  const failed = new Map<string, number[]>();
  let paused = false;
  let putBack = 0;
  for (const { at, fields } of events) {
    const { event, jobId = '' } = fields;
    if (event === 'paused' || event === 'resumed') {
      paused = event === 'paused';
      flags.push({ at, paused });
    } else if (event === 'active' && paused) say(`${jobId} began while the link was paused`);
    else if (event === 'added') added.add(jobId);
    else if (event === 'completed') completed.set(jobId, (completed.get(jobId) ?? 0) + 1);
    else if (event === 'failed') failed.set(jobId, [...(failed.get(jobId) ?? []), at]);
    else if (isPutBack(fields)) {
      putBack += 1;
      if (!paused) say(`${jobId} was put back while the link ran`);
      if (completed.has(jobId)) say(`${jobId} was put back after it had completed`);
    }
  }
  for (const jobId of added)
    if (completed.get(jobId) !== 1) say(`${jobId} completed ${completed.get(jobId) ?? 0} times`);
  for (const jobId of completed.keys()) if (!added.has(jobId)) say(`${jobId} was never added`);
  return { link, flags, failed, violations, putBack, tasks: added.size };
}

function isPutBack({ event, prev }: Fields): boolean {
  return event === 'waiting' && prev === 'failed';
}

/** A project became Failed by a task: that task had failed on that link by then. */
export function untrueFailures(audit: readonly Entry[], links: readonly LinkHistory[]): string[] {
  const failures = audit.filter(isTaskFailure);
  return failures.flatMap(({ at, fields }) => {
    const { link, taskId } = JSON.parse(fields['failure'] || '{}');
    const moments = links.find((one) => one.link === link.queue)?.failed.get(taskId) ?? [];
    return moments.some((moment) => moment <= at) ? [] : [`${taskId} had not failed on ${link.queue}`];
  });
}

/** A flag that was not what the state wanted, at a version that an operation had said to be done. */
export interface Untrue {
  readonly said: string;
  /** Whether it was so already when the outcome was written. */
  readonly atOnce: boolean;
  readonly forMs: number;
}

/**
 * Holds what `done` says against the links' own streams: the same server's clock wrote both. What happened in the same
 * millisecond cannot be told apart, and counts as true.
 */
export function untrueOutcomes(standings: readonly Standing[], links: readonly LinkHistory[]): Untrue[] {
  return standings.flatMap((standing, index) => {
    if (standing.ended?.as !== 'done') return [];
    const until = standings[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const wanted = isHeldStill(standing.state);
    return links.flatMap(({ link, flags }) => {
      const said = `${link} at version ${standing.version} (${standing.state})`;
      const before = flags.filter(({ at }) => at < standing.at).at(-1)?.paused ?? false;
      const sameMoment = flags.some(({ at, paused }) => at === standing.at && paused === wanted);
      const later = flags.filter(({ at }) => at > standing.at && at < until);
      const end = later.find(({ paused }) => paused === wanted)?.at ?? Math.min(until, standing.at);
      const atOnce = before !== wanted && !sameMoment ? [{ said, atOnce: true, forMs: end - standing.at }] : [];
      const wrong = later.filter(({ paused }) => paused !== wanted);
      return [
        ...atOnce,
        ...wrong.map(({ at }) => ({ said, atOnce: false, forMs: repairedAt(flags, at, wanted, until) - at })),
      ];
    });
  });
}

function repairedAt(flags: LinkHistory['flags'], after: number, wanted: boolean, until: number): number {
  return flags.find(({ at, paused }) => at >= after && paused === wanted)?.at ?? until;
}
