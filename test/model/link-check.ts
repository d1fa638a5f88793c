import type { ModelLink } from './links.ts';
import { type AuditEntry, type Fields, isTaskFailure, parseFields } from './records.ts';
import { type ProjectVersion, shouldPauseLinks } from './state-model.ts';

/** Times are epoch ms. */
export interface LinkHistory {
  readonly link: string;
  /** When the pause flag was changed, and whether a person did it. */
  readonly flags: readonly { readonly at: number; readonly paused: boolean; readonly isByPerson: boolean }[];
  /** Failed tasks by id, with the times of their failures. */
  readonly failures: ReadonlyMap<string, readonly number[]>;
  /** When failed tasks were moved back to wait. */
  readonly retries: readonly { readonly at: number; readonly taskId: string; readonly whilePaused: boolean }[];
  /** Tasks that do not exist any more, because BullMQ removed them after their last failure. */
  readonly removed: readonly { readonly failedAt: number }[];
  readonly violations: readonly string[];
  readonly taskCount: number;
}

const maxStreamLength = 9_000;

/**
 * Replays the event stream of a link's queue. Invariants: no task starts while the link is paused, no task is retried after it
 * was completed, and each task is completed once. A link with `keptFailures` loses the older failed tasks.
 */
export async function replayLinkEvents({ redis, link, keptFailures }: ModelLink): Promise<LinkHistory> {
  const events = (await redis.xrange(`bull:${link}:events`, '-', '+')).map(([id, flat]) => ({
    at: Number(id.split('-', 1)[0]),
    fields: parseFields(flat),
  }));
  const violations: string[] = [];
  const report = (violation: string) => violations.push(`${link}: ${violation}`);
  if (events.length > maxStreamLength) report(`its event stream may be trimmed (${events.length} events)`);
  const flags: { at: number; paused: boolean; isByPerson: boolean }[] = [];
  const retries: { at: number; taskId: string; whilePaused: boolean }[] = [];
  const added = new Set<string>();
  const completed = new Map<string, number>();
  const failures = new Map<string, number[]>();
  let paused = false;
  for (const { at, fields } of events) {
    const { event, jobId = '' } = fields;
    if (event === 'paused' || event === 'resumed') {
      paused = event === 'paused';
      flags.push({ at, paused, isByPerson: fields['by'] === 'person' });
    } else if (event === 'active' && paused) report(`${jobId} started while the link was paused`);
    else if (event === 'added') added.add(jobId);
    else if (event === 'completed') completed.set(jobId, (completed.get(jobId) ?? 0) + 1);
    else if (event === 'failed') failures.set(jobId, [...(failures.get(jobId) ?? []), at]);
    else if (isRetry(fields)) {
      retries.push({ at, taskId: jobId, whilePaused: paused });
      if (completed.has(jobId)) report(`${jobId} was retried after it was completed`);
    }
  }
  const removed: { failedAt: number }[] = [];
  for (const jobId of added) {
    const failedAt = failures.get(jobId)?.at(-1);
    const isLost =
      failedAt !== undefined && !completed.has(jobId) && (await redis.exists(`bull:${link}:${jobId}`)) === 0;
    if (isLost && keptFailures !== null) removed.push({ failedAt });
    else if (completed.get(jobId) !== 1) report(`${jobId} was completed ${completed.get(jobId) ?? 0} times`);
  }
  for (const jobId of completed.keys()) if (!added.has(jobId)) report(`${jobId} was never added`);
  return { link, flags, failures, violations, retries, removed, taskCount: added.size };
}

function isRetry({ event, prev }: Fields): boolean {
  return event === 'waiting' && prev === 'failed';
}

/** A task that made a project Failed must have been failed on its link at that moment. Returns the violations. */
export function findWrongFailures(audit: readonly AuditEntry[], links: readonly LinkHistory[]): string[] {
  const failures = audit.filter(isTaskFailure);
  return failures.flatMap(({ at, fields }) => {
    const { link, taskId } = JSON.parse(fields['failure'] || '{}');
    const history = links.find((one) => one.link === link.queue);
    const failureTimes = history?.failures.get(taskId) ?? [];
    const isRetriedBetween = (failedAt: number) =>
      history?.retries.some((retry) => retry.taskId === taskId && retry.at > failedAt && retry.at < at);
    return failureTimes.some((failedAt) => failedAt <= at && !isRetriedBetween(failedAt))
      ? []
      : [`${taskId} was not failed on ${link.queue}`];
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
 * millisecond have no known order and are no violation. Nor is a change by a person after the operation has started, or before
 * a retry, which sets no flag.
 */
export function findWrongOutcomes(versions: readonly ProjectVersion[], links: readonly LinkHistory[]): WrongOutcome[] {
  return versions.flatMap((version, index) => {
    if (version.completed?.outcome !== 'done') return [];
    const until = versions[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const expectedPaused = shouldPauseLinks(version.state);
    const setsFlags = version.completed.action !== 'retry';
    const startedAt = versions[index - 1]?.at ?? 0;
    return links.flatMap(({ link, flags }) => {
      const claim = `${link} at version ${version.version} (${version.state})`;
      const lastBefore = flags.filter(({ at }) => at < version.at).at(-1);
      const before = lastBefore?.paused ?? false;
      const isChangedByPerson = lastBefore?.isByPerson === true && lastBefore.at >= startedAt;
      const sameMillisecond = flags.some(({ at, paused }) => at === version.at && paused === expectedPaused);
      const later = flags.filter(({ at }) => at > version.at && at < until);
      const end = later.find(({ paused }) => paused === expectedPaused)?.at ?? Math.min(until, version.at);
      const immediately =
        setsFlags && before !== expectedPaused && !sameMillisecond && !isChangedByPerson
          ? [{ claim, immediately: true, durationMs: end - version.at }]
          : [];
      const wrong = later.filter(({ paused, isByPerson }) => paused !== expectedPaused && !isByPerson);
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
