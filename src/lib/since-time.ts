import { parseDuration } from './parse-duration.ts';
import { parseTimeOfDay } from './time-of-day.ts';

/** A time in the past as people type it: `2h`, or a time of day, of yesterday or the last one that has passed. */
export type SinceTime =
  | { readonly kind: 'ago'; readonly ms: number }
  /** Epoch ms. */
  | { readonly kind: 'instant'; readonly at: number }
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
  const parsed = parseTimeOfDay(time);
  if (parsed.kind !== 'time') return null;
  return { kind: 'clock', day: yesterday === undefined ? 'last' : 'yesterday', minutes: parsed.minutes };
}
