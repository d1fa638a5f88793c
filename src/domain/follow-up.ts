import { z } from 'zod';
import type { OperationKind } from './lifecycle.ts';
import { linkSampleSchema } from './link.ts';
import { projectStateSchema } from './project-state.ts';

/**
 * An operation that is done is followed until what it was for has happened. Its message shows the newest observation, and in
 * the end how it went.
 *
 * - `quiet`, after Pause: no task is in flight any more.
 * - `caught_up`, after Start and Restore: tasks hardly wait any more.
 */
export const followGoals = ['quiet', 'caught_up'] as const;
export type FollowGoal = (typeof followGoals)[number];

/** The counts of one observation, from which the next one computes rates. Null in an observation without every link. */
const followCountersSchema = z.object({
  /** Epoch ms of the Redis of a link. */
  measuredAt: z.number(),
  backlog: z.number(),
  added: z.number(),
  ended: z.number(),
});
export type FollowCounters = Readonly<z.infer<typeof followCountersSchema>>;

/** Measured between two observations. `addedPerS` and `endedPerS` are null if a counter of BullMQ went back. */
const followRatesSchema = z.object({
  /** By how much the backlog fell. Negative if it grew. */
  fewerPerS: z.number(),
  addedPerS: z.number().nullable(),
  endedPerS: z.number().nullable(),
});
export type FollowRates = Readonly<z.infer<typeof followRatesSchema>>;

/** One observation that the message shows. `counters`, `rates` and `noWorker` are of the goal `caught_up`. */
export const followObservationSchema = z.object({
  /** Epoch ms of the bot's Redis server. */
  at: z.number(),
  /** Tasks in flight, or tasks of the backlog. Null if not every link could be read. */
  remaining: z.number().nullable(),
  counters: followCountersSchema.nullable(),
  /** Null if nothing was measured yet. */
  rates: followRatesSchema.nullable(),
  /** The links that have a backlog and no connected worker. */
  noWorker: linkSampleSchema,
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
  readonly backlog?: number | null | undefined;
}

/** What to follow after an operation of this kind. Returns null if there is nothing left to happen. */
export function beginFollowUp(action: OperationKind, { inFlight, backlog }: Remaining): FollowUp | null {
  const begin = (goal: FollowGoal) => ({ goal, latest: null, intervalMs: minFollowIntervalMs });
  switch (action) {
    case 'pause':
      return inFlight === 0 ? null : begin('quiet');
    case 'start':
    case 'restore':
      return backlog === 0 ? null : begin('caught_up');
    case 'reapply':
    case 'adopt':
    case 'retry':
      return null;
  }
}
