import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { setVariables } from '../../../src/cli/init/env-variables.ts';

test.each([
  ['an empty file', '', 'A=1\n'],
  ['a file with other lines', '# A=0\nB=2', '# A=0\nB=2\nA=1\n'],
  ['a file with the variable', 'A = 0 # old\nB=2\n', 'A=1\nB=2\n'],
  ['a file with the variable twice', 'export A=0\nB=2\nA=3\n', 'A=1\nB=2\n'],
])('A variable is set in %s.', (_name, before, after) => {
  expect(setVariables(before, { A: '1', C: null })).toBe(after);
});

test('A variable is removed, and one with a similar name stays.', () => {
  expect(setVariables('A=1\nAA=2\n', { A: null })).toBe('AA=2\n');
});

test('Node reads each value as it was set, whatever else is in the file.', () => {
  // An accepted value has no quote, and no space around it.
  const value = fc
    .string({ minLength: 1, unit: fc.constantFrom(...'ab1 #$`"\\{}=:/@%?&'.split('')) })
    .map((text) => text.trim());
  const line = fc.constantFrom('', '# note', 'A=1', 'export B="x"', "C='y'", ' A = 2');
  fc.assert(
    fc.property(value, fc.array(line), (set, lines) => {
      expect(parseEnv(setVariables(lines.join('\n'), { A: set }))['A']).toBe(set);
    }),
  );
});
