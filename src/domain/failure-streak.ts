import { z } from 'zod';
import { operationKindSchema } from './lifecycle.ts';

/** A project that has run for this time, ms, has recovered: its next failure is the first of a streak again. */
export const recoveredAfterMs = 3_600_000;

/**
 * A streak of failures: each came before the project had run for `recoveredAfterMs`. mark-failed.lua writes the streak,
 * and project-step.lua ends it. Times are epoch ms of the bot's Redis server.
 */
export const failureStreakSchema = z.object({
  /** How many failures the streak has, from 1. */
  count: z.number(),
  /** Whether the newest failure has the same masked reason as the one before. False for the first. */
  isSameCause: z.boolean(),
  /** When the project became Failed. */
  failedAt: z.number(),
  /** What made the project Running before. `action`: null when its operation is not known. */
  run: z.object({ since: z.number(), by: z.string(), action: operationKindSchema.nullable() }),
});
export type FailureStreak = Readonly<z.infer<typeof failureStreakSchema>>;

/**
 * The streak, if the newest failure came after a restore of an earlier one: from the second failure on. Null for the first, and
 * for a project that has not failed since it recovered. A Failed project with such a streak was restored at `run.since` by
 * `run.by`, and failed `failedAt - run.since` later.
 */
export function repeatedFailure({
  failureStreak,
}: {
  readonly failureStreak: FailureStreak | null;
}): FailureStreak | null {
  return failureStreak !== null && failureStreak.count > 1 ? failureStreak : null;
}
