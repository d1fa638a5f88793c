import {
  type FollowCounters,
  type FollowEnd,
  type FollowGoal,
  type FollowObservation,
  type FollowRates,
  type FollowUp,
  minFollowIntervalMs,
} from './follow-up.ts';
import { sampleLinks } from './link.ts';
import { linkBacklog, observedLinks, type ProjectStats } from './observation.ts';
import type { Operation } from './operation.ts';
import type { WorkerCounts } from './precheck.ts';

const hourMs = 3_600_000;
/** How long an operation is followed at most, ms. Tasks in flight may take hours, and people wait for their end. */
const followLimitMs: Readonly<Record<FollowGoal, number>> = { quiet: 12 * hourMs, caught_up: hourMs };
/** After this time beyond the limit, ms, following ends without an observation: no worker observes the links. */
const overdueMs = 60_000;
/** The interval between two edits of a message doubles up to this, ms. */
const maxFollowIntervalMs = 60_000;
/**
 * A project has caught up if a new task waits less than this, ms. Producers do not stop, so its backlog may never be empty
 * when it is observed.
 */
export const caughtUpWithinMs = 10_000;

export interface FollowInput {
  readonly stats: ProjectStats;
  /** In the order of the project's links. Empty if the project is not Running. */
  readonly workers: WorkerCounts;
  /** The bot's Redis server time. */
  readonly now: number;
  /** How often each message may be edited at most, ms: the more are followed, the less often. */
  readonly minIntervalMs: number;
}

export type FollowStep =
  | { readonly kind: 'unchanged' }
  /** `end` is null while the operation is followed further. */
  | { readonly kind: 'changed'; readonly followUp: FollowUp; readonly end: FollowEnd | null };

const unchanged = { kind: 'unchanged' } as const;

/** What one more observation of the project changes about a followed operation. */
export function observeFollowUp(operation: Operation, input: FollowInput): FollowStep {
  const { followUp, followEnd, finishedAt } = operation;
  if (followUp === null || followEnd !== null || finishedAt === null) return unchanged;
  const { goal } = followUp;
  const { now, stats } = input;
  const elapsedMs = now - (followUp.latest?.at ?? finishedAt);
  if (elapsedMs < minFollowIntervalMs) return unchanged;
  const latest = goal === 'quiet' ? observeInFlight(input) : observeBacklog(followUp.latest, input);
  const next = { ...followUp, latest };
  if (latest.remaining === 0 || (goal === 'caught_up' && hasCaughtUp(latest, stats, caughtUpWithinMs)))
    return { kind: 'changed', followUp: next, end: { kind: 'reached', at: now } };
  if (now - finishedAt >= followLimitMs[goal])
    return { kind: 'changed', followUp: next, end: { kind: 'timed_out', at: now } };
  const isSameText = goal === 'quiet' && latest.remaining === remainingOf(operation);
  if (isSameText || elapsedMs < Math.max(followUp.intervalMs, input.minIntervalMs)) return unchanged;
  const intervalMs = Math.min(2 * followUp.intervalMs, maxFollowIntervalMs);
  return { kind: 'changed', followUp: { ...next, intervalMs }, end: null };
}

function observeInFlight({ stats, now }: FollowInput): FollowObservation {
  return { at: now, remaining: stats.inFlight, counters: null, rates: null, noWorker: sampleLinks([]) };
}

/** Observes how far a project is behind. The rates are those since `previous`. */
export function observeBacklog(
  previous: FollowObservation | null,
  { stats, workers, now }: Pick<FollowInput, 'stats' | 'workers' | 'now'>,
): FollowObservation {
  const counters = countersOf(stats);
  const idle = stats.links.filter(
    (each, index) => each.kind === 'read' && linkBacklog(each) > 0 && workers[index] === 0,
  );
  return {
    at: now,
    remaining: stats.backlog,
    counters,
    rates: measureRates(previous?.counters ?? null, counters),
    noWorker: sampleLinks(observedLinks(idle)),
  };
}

/** Returns null if not every link could be read. */
function countersOf({ backlog, links }: ProjectStats): FollowCounters | null {
  const read = links.filter((each) => each.kind === 'read');
  const [first] = read;
  if (backlog === null || first === undefined) return null;
  const sum = (counter: 'added' | 'ended') => read.reduce((total, link) => total + link[counter], 0);
  return { measuredAt: first.now, backlog, added: sum('added'), ended: sum('ended') };
}

function measureRates(from: FollowCounters | null, to: FollowCounters | null): FollowRates | null {
  if (from === null || to === null || to.measuredAt <= from.measuredAt) return null;
  const seconds = (to.measuredAt - from.measuredAt) / 1_000;
  const [addedPerS, endedPerS] = [(to.added - from.added) / seconds, (to.ended - from.ended) / seconds];
  const isCounted = addedPerS >= 0 && endedPerS >= 0;
  return {
    fewerPerS: (from.backlog - to.backlog) / seconds,
    addedPerS: isCounted ? addedPerS : null,
    endedPerS: isCounted ? endedPerS : null,
  };
}

/**
 * Whether nothing waits, or a new task waits less than `withinMs`: the oldest one of the backlog does, and the workers need less
 * for the rest. The latency alone is not enough, because it is a lower bound for LIFO and retried tasks.
 */
export function hasCaughtUp(
  { remaining, rates }: FollowObservation,
  { latencyMs }: Pick<ProjectStats, 'latencyMs'>,
  withinMs: number,
): boolean {
  if (remaining === 0) return true;
  const endedPerS = rates?.endedPerS ?? 0;
  if (remaining === null || latencyMs === null) return false;
  return latencyMs < withinMs && remaining * 1_000 <= endedPerS * withinMs;
}

/** How many tasks remained at the newest observation, or at the end of the operation. Null if it is not known. */
export function remainingOf({ followUp, outcome }: Pick<Operation, 'followUp' | 'outcome'>): number | null {
  if (followUp === null || outcome === null) return null;
  if (followUp.latest !== null) return followUp.latest.remaining;
  return (followUp.goal === 'quiet' ? outcome.inFlight : outcome.backlog) ?? null;
}

/** Whether following must end although no worker observes the project. */
export function isFollowOverdue(
  { followUp, finishedAt }: Pick<Operation, 'followUp' | 'finishedAt'>,
  now: number,
): boolean {
  return followUp !== null && finishedAt !== null && now - finishedAt > followLimitMs[followUp.goal] + overdueMs;
}
