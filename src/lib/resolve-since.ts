import { Temporal } from 'temporal-polyfill';
import type { SinceTime } from './since-time.ts';

/**
 * The time in epoch ms, never after `now`, and not negative. A time of day is one of the time zone, an IANA name. Throws `RangeError` for an
 * unknown time zone.
 */
export function resolveSince(
  since: SinceTime,
  { now, timeZone }: { readonly now: number; readonly timeZone: string },
): number {
  if (since.kind === 'ago') return Math.max(0, now - since.ms);
  if (since.kind === 'instant') return Math.min(since.at, now);
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).toPlainDate();
  const plainTime = Temporal.PlainTime.from({ hour: Math.floor(since.minutes / 60), minute: since.minutes % 60 });
  const timeOn = (day: Temporal.PlainDate) => day.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds;
  const timeToday = timeOn(today);
  return since.day === 'yesterday' || timeToday > now ? timeOn(today.subtract({ days: 1 })) : timeToday;
}
