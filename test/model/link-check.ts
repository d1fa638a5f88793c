import type { Redis } from 'ioredis';
import { type AuditEntry, type Fields, isTaskFailure, parseFields } from './records.ts';
import { type ProjectVersion, shouldPauseLinks } from './state-model.ts';

export interface LinkHistory {
  readonly link: string;
  /** When the pause flag was changed, epoch ms. */
  readonly flags: readonly { readonly at: number; readonly paused: boolean }[];
  /** Failed tasks by id, with the times of their failures, epoch ms. */
  readonly failures: ReadonlyMap<string, readonly number[]>;
  readonly violations: readonly string[];
  readonly taskCount: number;
  /** Failed tasks that were moved back to wait. */
  readonly retriedTasks: number;
}

const maxStreamLength = 9_000;

/**
 * Replays the event stream of a link's queue. Invariants: no task starts while the link is paused, no failed task is retried
 * while it runs, and each task is completed once.
 */
export async function replayLinkEvents(redis: Redis, link: string): Promise<LinkHistory> {
  const events = (await redis.xrange(`bull:${link}:events`, '-', '+')).map(([id, flat]) => ({
    at: Number(id.split('-', 1)[0]),
    fields: parseFields(flat),
  }));
  const violations: string[] = [];
  const report = (violation: string) => violations.push(`${link}: ${violation}`);
  if (events.length > maxStreamLength) report(`its event stream may be trimmed (${events.length} events)`);
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
    } else if (event === 'active' && paused) report(`${jobId} started while the link was paused`);
    else if (event === 'added') added.add(jobId);
    else if (event === 'completed') completed.set(jobId, (completed.get(jobId) ?? 0) + 1);
    else if (event === 'failed') failures.set(jobId, [...(failures.get(jobId) ?? []), at]);
    else if (isRetry(fields)) {
      retriedTasks += 1;
      if (!paused) report(`${jobId} was retried while the link ran`);
      if (completed.has(jobId)) report(`${jobId} was retried after it was completed`);
    }
  }
  for (const jobId of added)
    if (completed.get(jobId) !== 1) report(`${jobId} was completed ${completed.get(jobId) ?? 0} times`);
  for (const jobId of completed.keys()) if (!added.has(jobId)) report(`${jobId} was never added`);
  return { link, flags, failures, violations, retriedTasks, taskCount: added.size };
}

function isRetry({ event, prev }: Fields): boolean {
  return event === 'waiting' && prev === 'failed';
}

/** A failed task that made a project Failed must have failed on its link before. Returns the violations. */
export function findWrongFailures(audit: readonly AuditEntry[], links: readonly LinkHistory[]): string[] {
  const failures = audit.filter(isTaskFailure);
  return failures.flatMap(({ at, fields }) => {
    const { link, taskId } = JSON.parse(fields['failure'] || '{}');
    const failureTimes = links.find((one) => one.link === link.queue)?.failures.get(taskId) ?? [];
    return failureTimes.some((failedAt) => failedAt <= at) ? [] : [`${taskId} had not failed on ${link.queue}`];
  });
}

/** A pause flag that differed from the desired state at a version whose operation was `done`. */
export interface WrongOutcome {
  readonly claim: string;
  /** Whether it differed when the outcome was written. Otherwise it was changed later. */
  readonly immediately: boolean;
  readonly durationMs: number;
}

/**
 * Compares each `done` with the event streams of the links. The clock of the same server wrote both. Events of the same
 * millisecond have no known order and are no violation.
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
