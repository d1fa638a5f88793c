import { describe, expect, test } from 'vitest';
import { displayWidth, formatTable, sanitizeText, truncate } from '../../src/cli/table.ts';

describe('text on a terminal', () => {
  test('nothing from outside moves the cursor, breaks the line or turns it around', () => {
    expect(sanitizeText('a\u001b[31mb\nc\u202ed\u0007')).toBe('a[31mb cd');
    expect(sanitizeText('👩‍💻 ok')).toBe('👩‍💻 ok');
  });

  test('wide characters take two columns', () => {
    expect(['abc', '注文', '👩‍💻', 'é', 'e\u0301'].map(displayWidth)).toEqual([3, 4, 2, 1, 1]);
    expect(truncate('注文注文', 5)).toBe('注文…');
  });

  test('a table is aligned and cut, without trailing blanks', () => {
    const columns = [{ title: 'NAME', maxWidth: 8 }, { title: 'N', align: 'right' as const }, { title: 'BY' }];
    const rows = [
      ['orders-full-and-more', '7', 'bob'],
      ['注文', '1234', ''],
    ];
    expect(formatTable(columns, rows).split('\n')).toEqual([
      'NAME         N  BY',
      'orders-…     7  bob',
      '注文      1234',
    ]);
  });
});
