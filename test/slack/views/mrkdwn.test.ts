import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codeSpan,
  escapeText,
  normalizeText,
  safeText,
  truncateMrkdwn,
  truncateText,
} from '../../../src/slack/views/mrkdwn.ts';
import { hostileTextArbitrary } from '../arbitraries.ts';

const length = fc.integer({ min: 1, max: 300 });

describe('text from outside', () => {
  it('cannot mention, link or format, and has at most the given length after escaping', () => {
    fc.assert(
      fc.property(hostileTextArbitrary, length, (raw, max) => {
        const safe = safeText(raw, max);
        expect(safe.length).toBeLessThanOrEqual(Math.max(max, 1));
        expect(safe).not.toMatch(/[<>`*~]|\p{Cc}|\p{Cs}|[\u202a-\u202e\u2066-\u2069\u200b]/u);
        expect(safe.replace(/&(amp|lt|gt);/g, '')).not.toContain('&');
        expect(codeSpan(raw, max)).toMatch(/^`[^`\n]+`$/);
      }),
    );
  });

  it('is escaped after it is cut, so that no entity is cut', () => {
    expect(safeText('a<b>c', 5)).toBe('a…');
    expect(safeText('a<b>c', 10)).toBe('a&lt;b…');
    expect(escapeText('&lt;')).toBe('&amp;lt;');
  });

  it('is cut between graphemes', () => {
    const family = '👨‍👩‍👧‍👦';
    expect(truncateText(`${family}${family}`, family.length + 1)).toBe(`${family}…`);
    expect(truncateText(family, 5)).toBe('…');
  });

  it('becomes one visible line', () => {
    expect(normalizeText(' a\r\n\tb\u202ec\u200b\u0000 ')).toBe('a bc');
  });
});

describe('finished mrkdwn', () => {
  it('is cut at a space, never inside a mention or an entity', () => {
    expect(truncateMrkdwn('by <@U0ALICE> &amp; more', 10)).toBe('by…');
    expect(truncateMrkdwn('<@U0ALICE>'.repeat(3), 25)).toBe('<@U0ALICE><@U0ALICE>…');
    expect(truncateMrkdwn('until <!date^1^{date_short_pretty} {time}|1970-01-01 00:00 UTC> it', 45)).toBe('until…');
    expect(truncateMrkdwn('short', 10)).toBe('short');
  });
});
