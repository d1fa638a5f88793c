import {
  type FollowEnd,
  type FollowGoal,
  type FollowObservation,
  type FollowUp,
  minFollowIntervalMs,
} from './follow-up.ts';
import type { ProjectStats } from './observation.ts';
import type { Operation } from './operation.ts';

/** How long an operation is followed at most, ms. Tasks in flight may take hours, and people wait for their end. */
const followLimitMs: Readonly<Record<FollowGoal, number>> = { quiet: 12 * 3_600_000 };
/** After this time beyond the limit, ms, following ends without an observation: no worker observes the links. */
const overdueMs = 60_000;
/** The interval between two edits of a message doubles up to this, ms. */
const maxFollowIntervalMs = 60_000;

export interface FollowInput {
  readonly stats: ProjectStats;
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
  const { now } = input;
  const elapsedMs = now - (followUp.latest?.at ?? finishedAt);
  if (elapsedMs < minFollowIntervalMs) return unchanged;
  const latest: FollowObservation = { at: now, remaining: input.stats.inFlight };
  const next = { ...followUp, latest };
  if (latest.remaining === 0) return { kind: 'changed', followUp: next, end: { kind: 'reached', at: now } };
  if (now - finishedAt >= followLimitMs[followUp.goal])
    return { kind: 'changed', followUp: next, end: { kind: 'timed_out', at: now } };
  const isDue = elapsedMs >= Math.max(followUp.intervalMs, input.minIntervalMs);
  if (!isDue || latest.remaining === remainingOf(operation)) return unchanged;
  const intervalMs = Math.min(2 * followUp.intervalMs, maxFollowIntervalMs);
  return { kind: 'changed', followUp: { ...next, intervalMs }, end: null };
}

/** How many tasks remained at the newest observation, or at the end of the operation. Null if it is not known. */
export function remainingOf({ followUp, outcome }: Pick<Operation, 'followUp' | 'outcome'>): number | null {
  const latest = followUp?.latest ?? null;
  return latest === null ? (outcome?.inFlight ?? null) : latest.remaining;
}

/** Whether following must end although no worker observes the project. */
export function isFollowOverdue(
  { followUp, finishedAt }: Pick<Operation, 'followUp' | 'finishedAt'>,
  now: number,
): boolean {
  return followUp !== null && finishedAt !== null && now - finishedAt > followLimitMs[followUp.goal] + overdueMs;
}
