import { z } from 'zod';

/** The end of a pause as its request fixed it. Times are epoch ms of the bot's Redis server. */
export const pauseLimitSchema = z.object({
  at: z.number(),
  /** The time zone in which a person typed a time of day. Null for a duration, and for `pauseMax`. */
  timeZone: z.string().nullable(),
  /** `pauseMax`: the person gave no limit. */
  source: z.enum(['person', 'pauseMax']),
  /** How long the pause lasts, ms, if it begins later than it is requested. Then `at` is counted from its beginning. */
  durationMs: z.number().optional(),
});
export type PauseLimit = Readonly<z.infer<typeof pauseLimitSchema>>;

/** The newest change of the end of a pause. `until` is null if the pause has no end any more. */
export const limitChangeSchema = z.object({
  kind: z.enum(['extended', 'kept']),
  at: z.number(),
  by: z.string(),
  until: z.number().nullable(),
});
export type LimitChange = Readonly<z.infer<typeof limitChangeSchema>>;

/** Why an operation of the timer exists: who set the timer and when, and the end of the pause. */
export const timerSchema = z.object({ by: z.string(), setAt: z.number(), at: z.number() });
export type Timer = Readonly<z.infer<typeof timerSchema>>;

/** When the timer restores a Paused project. Part of its record. */
export const pausedUntilSchema = z.object({
  at: z.number(),
  /** Who set `at`, and when. */
  by: z.string(),
  setAt: z.number(),
  /** The operation that paused the project. */
  operation: z.string(),
  /** The project's version for which it holds. At any other version the timer does nothing. */
  version: z.number(),
  /** How many restores of the timer did not succeed, when the next one is due, and the code of the last refusal. */
  attempts: z.number(),
  nextAttemptAt: z.number(),
  code: z.string().nullable().default(null),
  /** The timer has found that the project was changed, and does nothing any more. */
  stopped: z
    .object({
      at: z.number(),
      /** The change: who and when. Null if it is not known. */
      change: z.object({ by: z.string().nullable(), at: z.number() }).nullable(),
    })
    .nullable()
    .default(null),
});
export type PausedUntil = Readonly<z.infer<typeof pausedUntilSchema>>;
