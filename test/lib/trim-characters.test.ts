import fc from 'fast-check';
import { expect, it } from 'vitest';
import { trimCharacters } from '../../src/lib/trim-characters.ts';

const text = fc.string({ unit: fc.constantFrom('x', '‹', '.', ' '), maxLength: 30 });
const isQuote = (character: string) => character === '‹';
const isQuoteOrDot = (character: string) => isQuote(character) || character === '.';

it('removes the matching characters of each side (property)', () => {
  fc.assert(
    fc.property(text, (raw) => {
      const trimmed = raw.replace(/^‹+/, '').replace(/[‹.]+$/, '');
      expect(trimCharacters(raw, { start: isQuote, end: isQuoteOrDot })).toBe(trimmed);
    }),
  );
});

it('reads at most one character more than the text has (property)', () => {
  fc.assert(
    fc.property(text, (raw) => {
      let reads = 0;
      const countRead = (matches: (character: string) => boolean) => (character: string) => {
        reads += 1;
        return matches(character);
      };
      trimCharacters(raw, { start: countRead(isQuote), end: countRead(isQuoteOrDot) });
      expect(reads).toBeLessThanOrEqual(raw.length + 1);
    }),
  );
});
