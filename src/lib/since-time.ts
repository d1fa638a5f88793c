import { parseDuration } from './parse-duration.ts';

/** A time in the past as people type it: `2h`, or a time of day, of yesterday or the last one that has passed. */
export type SinceTime =
  | { readonly kind: 'ago'; readonly ms: number }
  | { readonly kind: 'clock'; readonly day: 'last' | 'today' | 'yesterday'; readonly minutes: number };

export const maxSinceMs = 7 * 86_400_000;

/** One text of each form, for messages. */
export const exampleTimes = { duration: '2h', timeOfDay: '22:00', day: 'yesterday' } as const;

/**
 * Parses `2h`, `30 min`, `3d`, `22:00`, `10:30 pm`, `10pm`, `today`, `yesterday` or `yesterday 22:00`. Returns null if the text
 * is none of these, or a duration of 0 or more than 7 days.
 */
export function parseSince(text: string): SinceTime | null {
  const words = text.trim().toLowerCase().replace(/\s+/g, ' ');
  const ms = parseDuration(words.replace(/^(\d+) /, '$1').replace(/^(\d+m)in$/, '$1'));
  if (ms !== null) return ms > 0 && ms <= maxSinceMs ? { kind: 'ago', ms } : null;
  if (words === 'today' || words === 'yesterday') return { kind: 'clock', day: words, minutes: 0 };
  const [, yesterday, time = ''] = /^(yesterday )?(?:at )?(.+)$/.exec(words) ?? [];
  const minutes = parseTimeOfDay(time);
  return minutes === null ? null : { kind: 'clock', day: yesterday === undefined ? 'last' : 'yesterday', minutes };
}

/** Minutes since midnight, or null. */
function parseTimeOfDay(text: string): number | null {
  const [, hours24, minutes24] = /^(\d{1,2})[:.](\d\d)$/.exec(text) ?? [];
  const [, hours12, minutes12 = '0', half] = /^(\d{1,2})(?:[:.](\d\d))? ?([ap])\.?m$/.exec(text) ?? [];
  const hours = hours24 === undefined ? Number(hours12) : Number(hours24);
  const minutes = Number(minutes24 ?? minutes12);
  if (Number.isNaN(hours) || minutes > 59 || hours > 23) return null;
  if (half === undefined) return hours * 60 + minutes;
  return hours < 1 || hours > 12 ? null : ((hours % 12) + (half === 'p' ? 12 : 0)) * 60 + minutes;
}

/** The time in epoch ms, never after `now`. A time of day is one of the time zone: UTC, or that of this machine. */
export function resolveSince(
  since: SinceTime,
  { now, zone }: { readonly now: number; readonly zone: 'utc' | 'local' },
): number {
  if (since.kind === 'ago') return now - since.ms;
  const timeOn = (daysAgo: number) => {
    const date = new Date(now);
    if (zone === 'utc')
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() - daysAgo, 0, since.minutes);
    return new Date(date.getFullYear(), date.getMonth(), date.getDate() - daysAgo, 0, since.minutes).getTime();
  };
  const today = timeOn(0);
  return since.day === 'yesterday' || today > now ? timeOn(1) : today;
}
