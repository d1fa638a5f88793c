import type { Digest } from './digest.ts';

/**
 * When the digest of today is due, if that has passed and the last digest was before it; else null. Times are epoch ms.
 * `until`: up to when its times are done. A digest that was due on an earlier day by its time zone is not
 * due any more. Throws `RangeError` for an unknown time zone.
 *
 * The sweep asks this. A job scheduler of BullMQ 6.7.0 with a `pattern` reads it with cron-parser 5.10.3. That skips the day on
 * which a clock is moved over the time at midnight (America/Havana), finds no next time if a clock is moved by half an hour
 * (Australia/Lord_Howe), so that the scheduler ends, and does not post what was missed.
 */
export function dueTime(
  { at, timezone }: Digest,
  { now, until }: { readonly now: number; readonly until: number },
): number | null {
  const clock = wallClock(timezone);
  const today = dayOf(clock(now));
  const minutes = Number(at.slice(0, 2)) * 60 + Number(at.slice(3));
  // A clock that is moved over midnight can move the time of yesterday to today.
  const times = [today, today - dayMs].map((day) => timeAt(clock, day + minutes * 60_000));
  return times.find((time) => time <= now && time > until && dayOf(clock(time)) === today) ?? null;
}

const dayMs = 86_400_000;

/** Returns the local date and time at `at`, read as if they were UTC. Both are epoch ms, to the second. */
type WallClock = (at: number) => number;

/**
 * When the clock first shows this time. If it is moved back, that is the first of two times. If it is moved forward over this
 * time, that is when it would show it without the move: a digest at 02:30 is due at 03:30.
 */
function timeAt(clock: WallClock, shown: number): number {
  const offsetAt = (at: number) => clock(at) - at;
  const before = shown - offsetAt(shown - dayMs);
  const after = shown - offsetAt(shown + dayMs);
  return clock(before) !== shown && clock(after) === shown ? after : before;
}

function dayOf(shown: number): number {
  return Math.floor(shown / dayMs) * dayMs;
}

function wallClock(timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  };
}

/** Whether this Node.js knows the time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
