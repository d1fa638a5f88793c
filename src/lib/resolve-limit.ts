import { Temporal } from 'temporal-polyfill';
import { type LimitDay, type LimitErrorCode, maxLimitMs, type TimeLimit } from './time-limit.ts';

/** `at`: epoch ms. */
export type ResolvedLimit =
  | { readonly kind: 'resolved'; readonly at: number }
  | { readonly kind: 'invalid'; readonly code: LimitErrorCode };

/**
 * When the limit ends. A time of day is one of the time zone, an IANA name. A time that the clock shows twice is the first one
 * that has not passed. Throws `RangeError` for an unknown time zone.
 */
export function resolveLimit(
  limit: TimeLimit,
  { now, timeZone }: { readonly now: number; readonly timeZone: string },
): ResolvedLimit {
  if (limit.kind === 'for') return { kind: 'resolved', at: now + limit.ms };
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).toPlainDate();
  const plainTime = Temporal.PlainTime.from({ hour: Math.floor(limit.minutes / 60), minute: limit.minutes % 60 });
  for (const day of candidateDays(limit.day, today)) {
    const found = timeOn(day.toPlainDateTime(plainTime), { now, timeZone });
    if (found === null) continue;
    const isTooLong = found.kind === 'resolved' && found.at - now > maxLimitMs;
    return isTooLong ? { kind: 'invalid', code: 'too_long' } : found;
  }
  return { kind: 'invalid', code: 'past' };
}

/** The days on which the time may be meant, the first one first. */
function candidateDays(day: LimitDay, today: Temporal.PlainDate): Temporal.PlainDate[] {
  switch (day.kind) {
    case 'next':
      return [today, today.add({ days: 1 })];
    case 'today':
      return [today];
    case 'tomorrow':
      return [today.add({ days: 1 })];
    case 'date':
      return [Temporal.PlainDate.from(day.date)];
    case 'weekday': {
      const first = today.add({ days: (day.weekday - today.dayOfWeek + 7) % 7 });
      return [first, first.add({ days: 7 })];
    }
    default:
      return day satisfies never;
  }
}

/** Null if the time has passed. */
function timeOn(
  time: Temporal.PlainDateTime,
  { now, timeZone }: { readonly now: number; readonly timeZone: string },
): ResolvedLimit | null {
  const [first, last] = (['earlier', 'later'] as const).map((disambiguation) =>
    time.toZonedDateTime(timeZone, { disambiguation }),
  );
  if (first === undefined || last === undefined || last.epochMilliseconds <= now) return null;
  if (!last.toPlainDateTime().equals(time)) return { kind: 'invalid', code: 'skipped_time' };
  const at = first.epochMilliseconds > now ? first.epochMilliseconds : last.epochMilliseconds;
  return { kind: 'resolved', at };
}
