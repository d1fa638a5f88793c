import { Temporal } from 'temporal-polyfill';
import type { Digest } from './digest.ts';

/**
 * When the digest of today is due, if that has passed and the last digest was before it; else null. Times are epoch ms.
 * `until`: up to when its times are done. A digest that was due on an earlier day by its time zone is not
 * due any more. Throws `RangeError` for an unknown time zone.
 *
 * If the clock is moved back over its time, it is due at the first of the two times. If the clock is moved forward over it, it
 * is due when the clock would show it without the move: a digest at 02:30 is due at 03:30.
 *
 * The sweep asks this. A job scheduler of BullMQ 6.7.0 with a `pattern` reads it with cron-parser 5.10.3. That skips the day on
 * which a clock is moved over the time at midnight (America/Havana), finds no next time if a clock is moved by half an hour
 * (Australia/Lord_Howe), so that the scheduler ends, and does not post what was missed.
 */
export function dueTime(
  { at, timezone }: Digest,
  { now, until }: { readonly now: number; readonly until: number },
): number | null {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timezone).toPlainDate();
  // A clock that is moved over midnight can move the time of yesterday to today.
  const times = [today, today.subtract({ days: 1 })].map((day) =>
    day.toZonedDateTime({ timeZone: timezone, plainTime: at }),
  );
  const due = times.find(
    (time) => time.epochMilliseconds <= now && time.epochMilliseconds > until && time.toPlainDate().equals(today),
  );
  return due?.epochMilliseconds ?? null;
}
