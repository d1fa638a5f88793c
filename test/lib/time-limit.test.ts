import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveLimit } from '../../src/lib/resolve-limit.ts';
import { type LimitErrorCode, type LimitWord, maxLimitMs, minLimitMs, parseLimit } from '../../src/lib/time-limit.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** A Friday. */
const now = Date.UTC(2026, 10, 27, 15, 4, 5);

/** The end of a limit such as `for 2h`, or why it has none. */
function endOf(text: string, { timeZone = 'UTC', at = now } = {}): number | LimitErrorCode {
  const [, word = '', rest = ''] = /^(for|until) ?(.*)$/s.exec(text) ?? [];
  const parsed = parseLimit(word as LimitWord, rest);
  if (parsed.kind === 'invalid') return parsed.code;
  const resolved = resolveLimit(parsed.limit, { now: at, timeZone });
  return resolved.kind === 'invalid' ? resolved.code : resolved.at;
}

const utc = (text: string) => Date.parse(`${text}Z`);

describe('a duration', () => {
  it.each([
    ['2h', 2 * hour],
    ['2 h', 2 * hour],
    ['90m', 90 * minute],
    ['90 min', 90 * minute],
    ['90 Minutes', 90 * minute],
    ['1h30m', 90 * minute],
    ['1h 30m', 90 * minute],
    ['1h30', 90 * minute],
    ['1 h 30', 90 * minute],
    ['1 hour and 30 minutes', 90 * minute],
    ['1 hour, 30 minutes', 90 * minute],
    ['2 hrs', 2 * hour],
    ['1.5h', 90 * minute],
    ['1,5 hours', 90 * minute],
    ['an hour', hour],
    ['a day', day],
    ['half an hour', 30 * minute],
    ['2 days 3 hours', 2 * day + 3 * hour],
    ['60s', minute],
    ['1w', 7 * day],
    ['30d', 30 * day],
  ])('is read from %j', (text, ms) => expect(endOf(`for ${text}`)).toBe(now + ms));

  it.each<[string, LimitErrorCode]>([
    ['', 'missing'],
    ['  ', 'missing'],
    ['0h', 'too_short'],
    ['0 min', 'too_short'],
    ['59s', 'too_short'],
    ['31d', 'too_long'],
    ['5w', 'too_long'],
    ['999999d', 'too_long'],
    ['2', 'not_a_duration'],
    ['h', 'not_a_duration'],
    ['-2h', 'not_a_duration'],
    ['two hours', 'not_a_duration'],
    ['2x', 'not_a_duration'],
    ['2h 3h', 'not_a_duration'],
    ['30m 2h', 'not_a_duration'],
    ['1d30', 'not_a_duration'],
    ['2h or so', 'not_a_duration'],
    ['18:30', 'not_a_duration'],
    ['ever', 'not_a_duration'],
  ])('is not read from %j', (text, code) => expect(endOf(`for ${text}`)).toBe(code));

  it('is the sum of its parts, however they are written (property)', () => {
    const parts = fc.record({ d: fc.nat(20), h: fc.nat(23), m: fc.integer({ min: 1, max: 59 }) });
    const units = fc.constantFrom(['d', 'h', 'm'], [' days', ' hrs', ' min'], [' day', ' hours', ' minutes']);
    fc.assert(
      fc.property(parts, units, fc.constantFrom('', ' ', ' and ', ', '), ({ d, h, m }, names, between) => {
        const text = [d, h, m].map((count, index) => `${count}${names[index]}`).join(between);
        expect(endOf(`for ${text}`)).toBe(now + d * day + h * hour + m * minute);
      }),
    );
  });
});

describe('a time', () => {
  it.each([
    ['18:30', '2026-11-27T18:30'],
    ['18.30', '2026-11-27T18:30'],
    ['at 18:30', '2026-11-27T18:30'],
    ['6:30 pm', '2026-11-27T18:30'],
    ['6pm', '2026-11-27T18:00'],
    ['6 p.m.', '2026-11-27T18:00'],
    ['15:04', '2026-11-28T15:04'],
    ['06:00', '2026-11-28T06:00'],
    ['today 18:30', '2026-11-27T18:30'],
    ['tomorrow 06:00', '2026-11-28T06:00'],
    ['Tomorrow at 6am', '2026-11-28T06:00'],
    ['06:00 tomorrow', '2026-11-28T06:00'],
    ['monday 08:00', '2026-11-30T08:00'],
    ['on Mon, 08:00', '2026-11-30T08:00'],
    ['08:00 on monday', '2026-11-30T08:00'],
    ['friday 18:00', '2026-11-27T18:00'],
    ['friday 08:00', '2026-12-04T08:00'],
    ['tues 8am', '2026-12-01T08:00'],
    ['thurs 8am', '2026-12-03T08:00'],
    ['2026-12-01 06:00', '2026-12-01T06:00'],
    ['06:00 2026-12-01', '2026-12-01T06:00'],
  ])('is read from %j', (text, expected) => expect(endOf(`until ${text}`)).toBe(utc(expected)));

  it.each<[string, LimitErrorCode]>([
    ['', 'missing'],
    ['25:00', 'no_such_time'],
    ['24:00', 'no_such_time'],
    ['18:60', 'no_such_time'],
    ['13pm', 'no_such_time'],
    ['0am', 'no_such_time'],
    ['tomorrow 25:00', 'no_such_time'],
    ['tomorrow', 'time_missing'],
    ['friday', 'time_missing'],
    ['2026-12-01', 'time_missing'],
    ['2026-02-30', 'no_such_date'],
    ['2026-13-01 06:00', 'no_such_date'],
    ['today 10:00', 'past'],
    ['2026-11-27 15:04', 'past'],
    ['2025-12-01 06:00', 'past'],
    ['2027-12-01 06:00', 'too_long'],
    ['18', 'not_a_time'],
    ['2h', 'not_a_time'],
    ['noon', 'not_a_time'],
    ['we are done', 'not_a_time'],
    ['yesterday 18:00', 'not_a_time'],
    ['tomorrow or 06:00', 'not_a_time'],
  ])('is not read from %j', (text, code) => expect(endOf(`until ${text}`)).toBe(code));

  it.each([
    ['18:30', 'Europe/Berlin', '2026-11-27T17:30'],
    ['06:00', 'Asia/Kolkata', '2026-11-28T00:30'],
    ['tomorrow 06:00', 'Pacific/Kiritimati', '2026-11-28T16:00'],
    ['today 06:00', 'America/Los_Angeles', 'past'],
    ['today 08:00', 'America/Los_Angeles', '2026-11-27T16:00'],
  ])('%s is one of the time zone %s', (text, timeZone, expected) =>
    expect(endOf(`until ${text}`, { timeZone })).toBe(expected === 'past' ? 'past' : utc(expected)),
  );

  it.each([
    ['02:30', 'Europe/Berlin', '2026-03-28T22:00', 'skipped_time'],
    ['tomorrow 02:30', 'Europe/Berlin', '2026-03-28T12:00', 'skipped_time'],
    ['02:30', 'Europe/Berlin', '2026-03-29T02:00', '2026-03-30T00:30'],
    ['00:30', 'America/Havana', '2026-03-08T03:00', 'skipped_time'],
    ['02:15', 'Australia/Lord_Howe', '2026-10-03T12:00', 'skipped_time'],
    ['02:45', 'Australia/Lord_Howe', '2026-10-03T12:00', '2026-10-03T15:45'],
    ['2011-12-30 10:00', 'Pacific/Apia', '2011-12-29T12:00', 'skipped_time'],
  ] as const)('%s in %s at %s, where the clock is moved forward: %s', (text, timeZone, from, expected) =>
    expect(endOf(`until ${text}`, { timeZone, at: utc(from) })).toBe(
      expected === 'skipped_time' ? expected : utc(expected),
    ),
  );

  it.each([
    ['2026-10-24T22:00', '2026-10-25T00:30'],
    ['2026-10-25T00:45', '2026-10-25T01:30'],
    ['2026-10-25T01:45', '2026-10-26T01:30'],
  ])('02:30 in Europe/Berlin, which comes twice, is the next one after %s: %s', (from, expected) =>
    expect(endOf('until 02:30', { timeZone: 'Europe/Berlin', at: utc(from) })).toBe(utc(expected)),
  );

  it('is the next moment at which the clock of the zone shows it (property)', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
    const moments = fc.integer({ min: utc('2024-01-01T00:00'), max: utc('2031-01-01T00:00') });
    fc.assert(
      fc.property(zones, moments, fc.nat(23), fc.nat(59), (timeZone, at, h, m) => {
        const text = `${h}:${String(m).padStart(2, '0')}`;
        const end = endOf(`until ${text}`, { timeZone, at });
        if (end === 'skipped_time') return;
        if (typeof end !== 'number') throw new Error(end);
        expect(end).toBeGreaterThan(at);
        expect(end - at).toBeLessThanOrEqual(25 * hour);
        const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, timeStyle: 'short' }).format(end);
        expect(shown).toBe(`${String(h).padStart(2, '0')}:${text.split(':')[1]}`);
      }),
      { numRuns: 1_000 },
    );
  });
});

it('Any text is a limit of 1 min to 30 days, or has the code of an error (property).', () => {
  const words = fc.constantFrom(
    '1',
    '30',
    '2h',
    'min',
    'tomorrow',
    'mon',
    '18:30',
    '25:00',
    'at',
    '2026-12-01',
    'x',
    ',',
  );
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.array(words).map((parts) => parts.join(' ')),
  );
  fc.assert(
    fc.property(fc.constantFrom('for', 'until'), text, (word, rest) => {
      const end = endOf(`${word} ${rest}`);
      if (typeof end !== 'number') return;
      expect(end - now).toBeLessThanOrEqual(maxLimitMs);
      if (word === 'for') expect(end - now).toBeGreaterThanOrEqual(minLimitMs);
      else expect(end).toBeGreaterThan(now);
    }),
    { numRuns: 2_000 },
  );
});
