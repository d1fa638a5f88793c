import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueTime } from '../../src/domain/digest-schedule.ts';
import { isTimeZone } from '../../src/lib/time-zone.ts';

const dayMs = 86_400_000;
const channel = 'C0SYNC';
const utc = (text: string) => Date.parse(`${text}Z`);

/** When a digest is posted if a sweep checks every `stepMs` from `from` to `to`. */
function postsOf(
  { at, timezone }: { readonly at: string; readonly timezone: string },
  { from, to, stepMs }: { readonly from: number; readonly to: number; readonly stepMs: number },
): number[] {
  const posts: number[] = [];
  let until = from;
  for (let now = from; now < to; now += stepMs) {
    const due = dueTime({ at, timezone, channel }, { now, until });
    if (due === null) continue;
    posts.push(due);
    until = now;
  }
  return posts;
}

function shown(at: number, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(at);
}

describe('a digest is due', () => {
  it.each([
    ['at its time', '09:00', 'Europe/Berlin', '2026-11-24T00:00', ['2026-11-24 09:00', '2026-11-25 09:00']],
    [
      'in a zone with half an hour',
      '09:00',
      'Asia/Kolkata',
      '2026-11-24T00:00',
      ['2026-11-24 09:00', '2026-11-25 09:00'],
    ],
    [
      'an hour later on the day whose clock skips its time',
      '02:30',
      'Europe/Berlin',
      '2026-03-28T12:00',
      ['2026-03-29 03:30', '2026-03-30 02:30'],
    ],
    [
      'the first time of a time that comes twice',
      '02:30',
      'Europe/Berlin',
      '2026-10-24T12:00',
      ['2026-10-25 02:30', '2026-10-26 02:30'],
    ],
    [
      'also if the clock is moved at midnight',
      '00:30',
      'America/Havana',
      '2026-03-07T12:00',
      ['2026-03-08 01:30', '2026-03-09 00:30'],
    ],
    [
      'also if the clock is moved by half an hour',
      '09:00',
      'Australia/Lord_Howe',
      '2026-04-04T12:00',
      ['2026-04-05 09:00', '2026-04-06 09:00'],
    ],
    [
      'not on a day that a zone has skipped',
      '09:00',
      'Pacific/Apia',
      '2011-12-29T12:00',
      ['2011-12-29 09:00', '2011-12-31 09:00'],
    ],
  ])('%s', (_when, at, timezone, from, expected) => {
    const start = utc(from);
    const posts = postsOf({ at, timezone }, { from: start, to: start + 3 * dayMs, stepMs: 600_000 });
    expect(posts.map((post) => shown(post, timezone)).slice(0, 2)).toEqual(expected);
  });

  it('at the first of the two times, not at the second', () => {
    const start = utc('2026-10-24T12:00');
    const [first] = postsOf(
      { at: '02:30', timezone: 'Europe/Berlin' },
      { from: start, to: start + dayMs, stepMs: 600_000 },
    );
    expect(first).toBe(utc('2026-10-25T00:30'));
  });

  const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC');
  const times = fc
    .tuple(fc.nat(23), fc.nat(59))
    .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));

  /** Clocks are moved in these months. */
  const starts = fc
    .record({ year: fc.integer({ min: 2024, max: 2030 }), month: fc.constantFrom(2, 3, 9, 10), day: fc.nat(20) })
    .map(({ year, month, day }) => Date.UTC(year, month, 1 + day));

  it('exactly once on each day in every time zone', () => {
    fc.assert(
      fc.property(zones, times, starts, (timezone, at, from) => {
        const posts = postsOf({ at, timezone }, { from, to: from + 10 * dayMs, stepMs: 1_800_000 });
        const days = posts.map((post) => shown(post, timezone).slice(0, 10));
        expect(new Set(days).size).toBe(days.length);
        // A sweep every half an hour can miss the day of a digest that is due just before midnight.
        if (at < '23:00') expect(days.length).toBeGreaterThanOrEqual(9);
      }),
      { numRuns: 30 },
    );
  });

  it('for the rest of its day if it was missed, and not on another day', () => {
    fc.assert(
      fc.property(
        zones,
        times,
        fc.integer({ min: utc('2026-01-01'), max: utc('2027-01-01') }),
        fc.nat(3 * dayMs),
        (timezone, at, now, agoMs) => {
          const due = dueTime({ at, timezone, channel }, { now, until: now - agoMs });
          if (due === null) return;
          expect(due).toBeLessThanOrEqual(now);
          expect(due).toBeGreaterThan(now - agoMs);
          expect(shown(due, timezone).slice(0, 10)).toBe(shown(now, timezone).slice(0, 10));
        },
      ),
      { numRuns: 2_000 },
    );
    const digest = { at: '09:00', timezone: 'Europe/Berlin', channel };
    const until = utc('2026-11-23T08:00');
    expect(dueTime(digest, { now: utc('2026-11-24T22:59'), until })).toBe(utc('2026-11-24T08:00'));
    expect(dueTime(digest, { now: utc('2026-11-24T23:01'), until })).toBeNull();
  });

  it('not if it has been posted, or was added after its time', () => {
    const digest = { at: '09:00', timezone: 'UTC', channel };
    for (const until of ['2026-11-24T09:00', '2026-11-24T09:01'])
      expect(dueTime(digest, { now: utc('2026-11-24T12:00'), until: utc(until) })).toBeNull();
  });
});

it('Names of time zones are known, others are not.', () => {
  for (const name of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires']) expect(isTimeZone(name)).toBe(true);
  for (const name of ['', 'Berlin', 'Europe/Berln', 'Mars/Olympus']) expect(isTimeZone(name)).toBe(false);
  expect(() => dueTime({ at: '09:00', timezone: 'Mars/Olympus', channel }, { now: 0, until: 0 })).toThrow(RangeError);
});
