import { z } from 'zod';
import type { OperationKind } from './lifecycle.ts';
import { projectStateSchema } from './project-state.ts';

/**
 * An operation that is done is followed until what it was for has happened. Its message shows the newest observation, and in
 * the end how it went.
 *
 * - `quiet`, after Pause: no task is in flight any more.
 */
export const followGoals = ['quiet'] as const;
export type FollowGoal = (typeof followGoals)[number];

/** One observation that the message shows. */
const followObservationSchema = z.object({
  /** Epoch ms of the bot's Redis server. */
  at: z.number(),
  /** Tasks in flight. Null if not every link could be read. */
  remaining: z.number().nullable(),
});
export type FollowObservation = Readonly<z.infer<typeof followObservationSchema>>;

export const followUpSchema = z.object({
  goal: z.enum(followGoals),
  /** The newest observation that the message shows. Null before the first one. */
  latest: followObservationSchema.nullable(),
  /** The next one is shown after this time at the earliest, ms. */
  intervalMs: z.number(),
});
export type FollowUp = Readonly<z.infer<typeof followUpSchema>>;

/** How following ended, at `at`: epoch ms of the bot's Redis server. */
export const followEndSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reached'), at: z.number() }),
  /** The goal was not reached within `followLimitMs`, or no worker observed the project any more. */
  z.object({ kind: z.literal('timed_out'), at: z.number() }),
  /** Another operation, or a failure, changed the state first. */
  z.object({ kind: z.literal('state_changed'), at: z.number(), state: projectStateSchema, by: z.string() }),
  z.object({ kind: z.literal('removed'), at: z.number(), by: z.string() }),
]);
export type FollowEnd = Readonly<z.infer<typeof followEndSchema>>;

/** A message is edited at most once a second. */
export const minFollowIntervalMs = 1_000;

/** What remained when the operation ended. Null if it is not known. */
interface Remaining {
  readonly inFlight: number | null;
}

/** What to follow after an operation of this kind. Returns null if there is nothing left to happen. */
export function beginFollowUp(action: OperationKind, { inFlight }: Remaining): FollowUp | null {
  return action === 'pause' && inFlight !== 0 ? { goal: 'quiet', latest: null, intervalMs: minFollowIntervalMs } : null;
}
