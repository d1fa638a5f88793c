import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSince } from '../../src/lib/resolve-since.ts';
import { maxSinceMs, parseSince } from '../../src/lib/since-time.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = Date.UTC(2026, 10, 27, 3, 4, 5);
const at = (text: string, timeZone = 'UTC') => {
  const since = parseSince(text);
  return since === null ? null : resolveSince(since, { now, timeZone });
};

describe('a time in the past', () => {
  it.each([
    ['2h', now - 2 * hour],
    ['2 h', now - 2 * hour],
    ['30m', now - 30 * minute],
    ['30 min', now - 30 * minute],
    ['7d', now - maxSinceMs],
    ['22:00', Date.UTC(2026, 10, 26, 22)],
    ['22.00', Date.UTC(2026, 10, 26, 22)],
    ['3:04', Date.UTC(2026, 10, 27, 3, 4)],
    ['03:05', Date.UTC(2026, 10, 26, 3, 5)],
    ['at 22:00', Date.UTC(2026, 10, 26, 22)],
    ['10:30 PM', Date.UTC(2026, 10, 26, 22, 30)],
    ['10pm', Date.UTC(2026, 10, 26, 22)],
    ['12 am', Date.UTC(2026, 10, 27)],
    ['12pm', Date.UTC(2026, 10, 26, 12)],
    ['today', Date.UTC(2026, 10, 27)],
    [' Yesterday ', Date.UTC(2026, 10, 26)],
    ['yesterday 01:00', Date.UTC(2026, 10, 26, 1)],
    ['yesterday at 10pm', Date.UTC(2026, 10, 26, 22)],
  ])('is read from %j', (text, expected) => expect(at(text)).toBe(expected));

  it.each([
    '',
    'noon',
    '0h',
    '8d',
    '24:00',
    '22:60',
    '13pm',
    '0am',
    '22',
    '-2h',
    '2h ago',
    'yesterday 2h',
    'tomorrow',
    '2w',
  ])('is not read from %j', (text) => expect(parseSince(text)).toBeNull());

  it('is never before 1970', () =>
    expect(resolveSince({ kind: 'ago', ms: 2 * now }, { now, timeZone: 'UTC' })).toBe(0));

  it.each([
    ['Europe/Berlin', Date.UTC(2026, 10, 26, 20, 30)],
    ['Asia/Kolkata', Date.UTC(2026, 10, 26, 16)],
    ['Pacific/Kiritimati', Date.UTC(2026, 10, 26, 7, 30)],
  ])('is one of the time zone %s', (timeZone, expected) => expect(at('yesterday 21:30', timeZone)).toBe(expected));

  it('is never in the future, and at most two days or the duration ago (property)', () => {
    const text = fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 7 }), fc.constantFrom('m', 'min', 'h', 'd')).map((parts) => parts.join(' ')),
      fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${h}:${String(m).padStart(2, '0')}`),
      fc.constantFrom('today', 'yesterday', 'yesterday 23:59'),
    );
    const moment = fc.integer({ min: 0, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(text, moment, fc.constantFrom(...Intl.supportedValuesOf('timeZone')), (typed, now, timeZone) => {
        const since = parseSince(typed) ?? expect.fail(typed);
        const resolved = resolveSince(since, { now, timeZone });
        expect(resolved).toBeLessThanOrEqual(now);
        // A day with a change of the clock can have 25 hours.
        if (since.kind === 'clock') expect(now - resolved).toBeLessThanOrEqual(49 * hour);
      }),
    );
  });
});
