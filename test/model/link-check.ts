import type { Redis } from 'ioredis';
import { type AuditEntry, type Fields, isTaskFailure, parseFields } from './records.ts';
import { type ProjectVersion, shouldPauseLinks } from './state-model.ts';

export interface LinkHistory {
  readonly link: string;
  /** When the flag was set or taken away. */
  readonly flags: readonly { readonly at: number; readonly paused: boolean }[];
  /** The tasks that failed, each with the moments at which it did. */
  readonly failures: ReadonlyMap<string, readonly number[]>;
  readonly violations: readonly string[];
  readonly taskCount: number;
  /** Tasks that Restore put back. */
  readonly retriedTasks: number;
}

const maxStreamLength = 9_000;

/** Plays a link's own event stream: nothing begins while paused, nothing is put back while running, each task ends once. */
export async function replayLinkEvents(redis: Redis, link: string): Promise<LinkHistory> {
  const events = (await redis.xrange(`bull:${link}:events`, '-', '+')).map(([id, flat]) => ({
    at: Number(id.split('-', 1)[0]),
    fields: parseFields(flat),
  }));
  const violations: string[] = [];
  const report = (violation: string) => violations.push(`${link}: ${violation}`);
  if (events.length > maxStreamLength) report(`its events are no longer all there (${events.length})`);
  const flags: { at: number; paused: boolean }[] = [];
  const added = new Set<string>();
  const completed = new Map<string, number>();
  const failures = new Map<string, number[]>();
  let paused = false;
  let retriedTasks = 0;
  for (const { at, fields } of events) {
    const { event, jobId = '' } = fields;
    if (event === 'paused' || event === 'resumed') {
      paused = event === 'paused';
      flags.push({ at, paused });
    } else if (event === 'active' && paused) report(`${jobId} began while the link was paused`);
    else if (event === 'added') added.add(jobId);
    else if (event === 'completed') completed.set(jobId, (completed.get(jobId) ?? 0) + 1);
    else if (event === 'failed') failures.set(jobId, [...(failures.get(jobId) ?? []), at]);
    else if (isRetry(fields)) {
      retriedTasks += 1;
      if (!paused) report(`${jobId} was put back while the link ran`);
      if (completed.has(jobId)) report(`${jobId} was put back after it had completed`);
    }
  }
  for (const jobId of added)
    if (completed.get(jobId) !== 1) report(`${jobId} completed ${completed.get(jobId) ?? 0} times`);
  for (const jobId of completed.keys()) if (!added.has(jobId)) report(`${jobId} was never added`);
  return { link, flags, failures, violations, retriedTasks, taskCount: added.size };
}

function isRetry({ event, prev }: Fields): boolean {
  return event === 'waiting' && prev === 'failed';
}

/** A project became Failed by a task: that task had failed on that link by then. */
export function findWrongFailures(audit: readonly AuditEntry[], links: readonly LinkHistory[]): string[] {
  const failures = audit.filter(isTaskFailure);
  return failures.flatMap(({ at, fields }) => {
    const { link, taskId } = JSON.parse(fields['failure'] || '{}');
    const failureTimes = links.find((one) => one.link === link.queue)?.failures.get(taskId) ?? [];
    return failureTimes.some((failedAt) => failedAt <= at) ? [] : [`${taskId} had not failed on ${link.queue}`];
  });
}

/** A flag that was not what the state wanted, at a version that an operation had said to be done. */
export interface WrongOutcome {
  readonly claim: string;
  /** Whether it was so already when the outcome was written. */
  readonly immediately: boolean;
  readonly durationMs: number;
}

/**
 * Holds what `done` says against the links' own streams: the same server's clock wrote both. What happened in the same
 * millisecond cannot be told apart, and counts as true.
 */
export function findWrongOutcomes(versions: readonly ProjectVersion[], links: readonly LinkHistory[]): WrongOutcome[] {
  return versions.flatMap((version, index) => {
    if (version.completed?.outcome !== 'done') return [];
    const until = versions[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const expectedPaused = shouldPauseLinks(version.state);
    return links.flatMap(({ link, flags }) => {
      const claim = `${link} at version ${version.version} (${version.state})`;
      const before = flags.filter(({ at }) => at < version.at).at(-1)?.paused ?? false;
      const sameMillisecond = flags.some(({ at, paused }) => at === version.at && paused === expectedPaused);
      const later = flags.filter(({ at }) => at > version.at && at < until);
      const end = later.find(({ paused }) => paused === expectedPaused)?.at ?? Math.min(until, version.at);
      const immediately =
        before !== expectedPaused && !sameMillisecond
          ? [{ claim, immediately: true, durationMs: end - version.at }]
          : [];
      const wrong = later.filter(({ paused }) => paused !== expectedPaused);
      return [
        ...immediately,
        ...wrong.map(({ at }) => ({
          claim,
          immediately: false,
          durationMs: repairedAt(flags, at, expectedPaused, until) - at,
        })),
      ];
    });
  });
}

function repairedAt(flags: LinkHistory['flags'], after: number, expectedPaused: boolean, until: number): number {
  return flags.find(({ at, paused }) => at >= after && paused === expectedPaused)?.at ?? until;
}
