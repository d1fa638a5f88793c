import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskFailureReason } from '../../src/logging/mask-failure-reason.ts';

describe('maskFailureReason', () => {
  it.each([
    ['refused by the target', 'refused by the target'],
    ['first line\nsecond line', 'first line'],
    ['first line\r\nsecond line', 'first line'],
    ['first line\u2028second line', 'first line'],
    ['  \n  ', ''],
    ['', ''],
    ['GET https://user:pw@api.example.com/v1?token=abc failed', 'GET ‹url› failed'],
    ['see_https://secret.example/x now', 'see_‹url› now'],
    ['1http://secret.example', '1‹url›'],
    ['postgres://u:p@db/x refused', '‹url› refused'],
    ['insert "http://a.example/x" failed for "s3cret"', 'insert ‹value› failed for ‹value›'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'connect ECONNREFUSED ‹host›'],
    ['connect ECONNREFUSED 10.1.2.3', 'connect ECONNREFUSED ‹host›'],
    ['getaddrinfo ENOTFOUND db.internal:5432', 'getaddrinfo ENOTFOUND ‹host›'],
    ['connect ECONNREFUSED ::1:6379', 'connect ECONNREFUSED ‹host›'],
    ['connect ETIMEDOUT 2001:db8::8a2e:370:7334', 'connect ETIMEDOUT ‹host›'],
    ['connect ETIMEDOUT fe80::1%eth0', 'connect ETIMEDOUT ‹host›'],
    ['connect [2001:db8::1]:443 timed out', 'connect ‹host› timed out'],
    ['no such user bob.smith+x@example.co.uk', 'no such user ‹address›'],
    ["Duplicate entry 'alice' for key 'users.email'", 'Duplicate entry ‹value› for key ‹value›'],
    ['column `salary` holds "1', 'column ‹value› holds ‹value›'],
    ["can't insert, it's null", "can't insert, it's null"],
    ['card 4111111111111111 declined, order 1234', 'card ‹number› declined, order 1234'],
    ['std::bad_alloc in Foo::bar', 'std::bad_alloc in Foo::bar'],
    ['<!channel> & <b>', '<!channel> & <b>'],
  ])('changes %j to %j', (reason, masked) => {
    expect(maskFailureReason(reason)).toBe(masked);
  });

  it('truncates after 150 whole characters', () => {
    expect(maskFailureReason('x'.repeat(150))).toBe('x'.repeat(150));
    expect(maskFailureReason('x'.repeat(151))).toBe(`${'x'.repeat(149)}…`);
    expect(maskFailureReason('😀'.repeat(200))).toBe(`${'😀'.repeat(149)}…`);
  });

  it('never returns a URL, a long number or more than 150 characters (property)', () => {
    const textPiece = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      fc.emailAddress(),
      fc.ipV6(),
      fc.ipV4(),
      fc.integer().map(String),
      fc.constantFrom('"', "'", '`', '://', 'http', ':', '@', '[', ']', '\n', ' ', '_', '6379', 'é'),
    );
    fc.assert(
      fc.property(fc.array(textPiece, { maxLength: 60 }), (textPieces) => {
        const masked = maskFailureReason(textPieces.join(''));
        expect([...masked].length).toBeLessThanOrEqual(150);
        expect(masked).not.toMatch(/[a-z][a-z0-9+.-]*:\/\/\S/i);
        expect(masked).not.toMatch(/\d{5}/);
        expect(masked).not.toMatch(/[\r\n]/);
      }),
      { numRuns: 2_000 },
    );
  });
});
