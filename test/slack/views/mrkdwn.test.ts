import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codeSpan,
  escapeText,
  mention,
  normalizeText,
  safeText,
  slackFormatter,
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
    expect(normalizeText('a\ud800b')).toBe('a\ufffdb');
  });

  it('keeps what Slack does not format', () => {
    expect(safeText('`a` *b* ~c~ _d_ snake_case <e> & f')).toBe("'a' ∗b∗ ∼c∼ ˍdˍ snake_case &lt;e&gt; &amp; f");
    expect(codeSpan('`a` *b* <c>')).toBe("`'a' *b* &lt;c&gt;`");
    expect(codeSpan(' ')).toBe('`?`');
  });

  it('is cut when it is longer than its limit, 200 characters unless another one is given', () => {
    expect(truncateText('abcde', 5)).toBe('abcde');
    expect(truncateText('abcdef', 5)).toBe('abcd…');
    expect(truncateText('abc  def', 6)).toBe('abc…');
    expect(truncateText('<<', 4, escapeText)).toBe('…');
    expect([safeText('x'.repeat(200)).length, safeText('x'.repeat(201))]).toEqual([200, `${'x'.repeat(199)}…`]);
    expect([codeSpan('x'.repeat(200)).length, codeSpan('x'.repeat(201))]).toEqual([202, `\`${'x'.repeat(199)}…\``]);
  });
});

describe('finished mrkdwn', () => {
  it('is cut at a space, never inside a mention or an entity', () => {
    expect(truncateMrkdwn('by <@U0ALICE> &amp; more', 10)).toBe('by…');
    expect(truncateMrkdwn('<@U0ALICE>'.repeat(3), 25)).toBe('<@U0ALICE><@U0ALICE>…');
    expect(truncateMrkdwn('until <!date^1^{date_short_pretty} {time}|1970-01-01 00:00 UTC> it', 45)).toBe('until…');
    expect(truncateMrkdwn('short', 10)).toBe('short');
    expect(truncateMrkdwn('ten & more', 10)).toBe('ten & more');
    expect(truncateMrkdwn('aaaa&amp;bbbb', 8)).toBe('aaaa…');
    expect(truncateMrkdwn('aaaa&bbbb', 9)).toBe('aaaa&bbbb');
    expect(truncateMrkdwn('one  two', 7)).toBe('one…');
  });
});

describe('the formatter of Slack', () => {
  const format = slackFormatter('/sync');

  it('mentions users and channels by their ids, and shows other names as text', () => {
    expect(['U0ALICE', 'W0BOB', 'cli:*root*', 'U', 'xU0ALICE'].map(format.person)).toEqual([
      '<@U0ALICE>',
      '<@W0BOB>',
      '∗root∗ on the command line',
      'U',
      'xU0ALICE',
    ]);
    expect(['C0SYNC', 'G0SYNC', 'D0SYNC', '#sync'].map(format.channel)).toEqual([
      '<#C0SYNC>',
      '<#G0SYNC>',
      'a direct message',
      '`#sync`',
    ]);
    expect(['U0ALICE', 'W0ALICE', 'S0OPS', 'S0OPS> <!here'].map(mention)).toEqual([
      '<@U0ALICE>',
      '<@W0ALICE>',
      '<!subteam^S0OPS>',
      'S0OPS&gt; &lt;!here',
    ]);
  });

  it('shows a time in the time zone of the reader, and in UTC', () => {
    expect(format.at(Date.UTC(2026, 10, 24, 18, 52))).toBe(
      '<!date^1795546320^{date_short_pretty} at {time}|at 2026-11-24 18:52 UTC>',
    );
    expect(format.time(Date.UTC(2026, 10, 24, 18, 52) + 999)).toBe(
      '<!date^1795546320^{date_short_pretty} {time}|2026-11-24 18:52 UTC>',
    );
  });

  it('shows links and commands as code, and cuts long ones', () => {
    const link = { queue: 'orders', connection: 'default', prefix: 'bull' };
    expect([format.link(link), format.command('show orders'), format.command('')]).toEqual([
      '`orders`',
      '`/sync show orders`',
      '`/sync`',
    ]);
    const long = 'x'.repeat(300);
    expect([
      format.link({ ...link, queue: long }).length,
      format.command(long).length,
      format.person(long).length,
      format.channel(long).length,
      format.text(long, 7),
    ]).toEqual([82, 252, 60, 62, 'xxxxxx…']);
  });
});
