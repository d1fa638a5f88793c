import { parseTimeOfDay } from './time-of-day.ts';

/** The end of something as people type it: after `for`, or after `until`. */
export type TimeLimit =
  | { readonly kind: 'for'; readonly ms: number }
  | { readonly kind: 'until'; readonly day: LimitDay /** Since midnight. */; readonly minutes: number };

/** `next`: of today, or of tomorrow if it has passed today. `weekday`: 1 is Monday. `date`: `2026-12-01`. */
export type LimitDay =
  | { readonly kind: 'next' | 'today' | 'tomorrow' }
  | { readonly kind: 'weekday'; readonly weekday: number }
  | { readonly kind: 'date'; readonly date: string };

/** Why a text is not a time limit. Each has its sentence. */
export const limitErrorCodes = [
  /** Nothing follows `for` or `until`. */
  'missing',
  'not_a_duration',
  'not_a_time',
  /** `until tomorrow`, without a time of day. */
  'time_missing',
  /** `25:00`. */
  'no_such_time',
  /** `2026-02-30`. */
  'no_such_date',
  /** Less than `minLimitMs`. */
  'too_short',
  /** More than `maxLimitMs`. */
  'too_long',
  'past',
  /** The clock is moved forward over this time. */
  'skipped_time',
] as const;
export type LimitErrorCode = (typeof limitErrorCodes)[number];
export type LimitWord = TimeLimit['kind'];

export type ParsedLimit =
  | { readonly kind: 'limit'; readonly limit: TimeLimit }
  | { readonly kind: 'invalid'; readonly code: LimitErrorCode };

export const minLimitMs = 60_000;
export const maxLimitMs = 30 * 86_400_000;

/** One text of each form, for messages. */
export const exampleLimits = ['for 2h', 'until 18:30', 'until tomorrow 06:00'] as const;

/** Parses the text after `for` or `until`. */
export function parseLimit(word: LimitWord, text: string): ParsedLimit {
  const words = text.trim().toLowerCase().replace(/\s+/g, ' ');
  if (words === '') return { kind: 'invalid', code: 'missing' };
  return word === 'for' ? parseFor(words) : parseUntil(words);
}

function parseFor(text: string): ParsedLimit {
  const ms = parseLongDuration(text);
  if (ms === null) return { kind: 'invalid', code: 'not_a_duration' };
  if (ms < minLimitMs) return { kind: 'invalid', code: 'too_short' };
  return ms > maxLimitMs ? { kind: 'invalid', code: 'too_long' } : { kind: 'limit', limit: { kind: 'for', ms } };
}

/** The largest first. */
const units = [
  { pattern: /^(?:w|wks?|weeks?)$/, ms: 7 * 86_400_000 },
  { pattern: /^(?:d|days?)$/, ms: 86_400_000 },
  { pattern: /^(?:h|hrs?|hours?)$/, ms: 3_600_000 },
  { pattern: /^(?:m|mins?|minutes?)$/, ms: 60_000 },
  { pattern: /^(?:s|secs?|seconds?)$/, ms: 1_000 },
] as const;

/** Parses `2h`, `90 min`, `1h30m`, `1h30`, `1.5 h`, `1 hour and 30 minutes` or `an hour` to ms, else returns null. */
function parseLongDuration(text: string): number | null {
  const spelled = text.replace(/^half an hour$/, '30 m').replace(/^an? (?=[a-z])/, '1 ');
  const parts = [...spelled.matchAll(/(\d{1,6}(?:[.,]\d{1,3})?) ?([a-z]+|$)(?: ?(?:,|and\b))? ?/gy)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== spelled) return null;
  let total = 0;
  let previous = -1;
  for (const [, amount = '', name = ''] of parts) {
    const hour = 2;
    // `1h30` is 1 h 30 min.
    const unit = name === '' && previous === hour ? hour + 1 : units.findIndex(({ pattern }) => pattern.test(name));
    if (unit <= previous) return null;
    total += Number(amount.replace(',', '.')) * (units[unit]?.ms ?? Number.NaN);
    previous = unit;
  }
  return Math.round(total);
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const dayPattern = `(?:on )?(?<day>today|tomorrow|${weekdays.map((day) => `${day.slice(0, 3)}(?:${day.slice(3)})?`).join('|')}|tues|thurs?|\\d{4}-\\d\\d-\\d\\d)`;
/** The first that matches counts. */
const untilForms = [
  new RegExp(`^${dayPattern}$`),
  new RegExp(`^${dayPattern},? (?<time>.+)$`),
  new RegExp(`^(?<time>.+?),? ${dayPattern}$`),
];

function parseUntil(text: string): ParsedLimit {
  const match = untilForms.map((form) => form.exec(text)).find((found) => found !== null);
  const dayText = match?.groups?.['day'];
  const timeText = match === undefined ? text : match.groups?.['time'];
  const day: LimitDay | null = dayText === undefined ? { kind: 'next' } : parseDay(dayText);
  if (timeText === undefined) return { kind: 'invalid', code: day === null ? 'no_such_date' : 'time_missing' };
  const time = parseTimeOfDay(timeText);
  if (time.kind !== 'time') return { kind: 'invalid', code: time.kind === 'no_time' ? 'not_a_time' : time.kind };
  if (day === null) return { kind: 'invalid', code: 'no_such_date' };
  return { kind: 'limit', limit: { kind: 'until', day, minutes: time.minutes } };
}

/** Returns null for a date that does not exist. */
function parseDay(text: string): LimitDay | null {
  if (text === 'today' || text === 'tomorrow') return { kind: text };
  const weekday = weekdays.findIndex((day) => day.startsWith(text.slice(0, 3)));
  if (weekday >= 0) return { kind: 'weekday', weekday: weekday + 1 };
  const date = new Date(`${text}T00:00:00Z`);
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  return exists ? { kind: 'date', date: text } : null;
}
