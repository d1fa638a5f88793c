import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { parsePlainYaml } from '../../src/config/plain-yaml.ts';
import { fullConfig } from './config-fixture.ts';

const samples = [
  'policy: {}\nprojects:\n  a: { b: [1,\n    2] }\n  c:\n    d: "e\n      f"\n  g: h\n\n  # i\n  j:\n    k: |\n      l\n  m: { n: o }\n',
  fullConfig,
  "a: |\n  one\n\n  two\nb: >-\n  three\n  four\nc: \"\\u00e9 # x\"\nd: 'it''s'\n",
  '- [~, null, true, No, 1, -2.5, 0x1f, 0o17, 1e3, 1_000, 2001-01-01]\n- { a: , "b":1, c }\n- - x\n  - y # comment\n',
  'x: one\n  two\n\n  three\n? y\n: z\n',
];

describe('a text that is read as plain YAML', () => {
  test('has the value that the parser with lines reads, whatever a person typed into it', () => {
    const fragments = fc.constantFrom(
      ...[' ', '\n', '\t', '- ', ': ', ':', '#', ' #', '"', "'", '{', '}', '[', ']', ',', '|', '>', '&a ', '*a', '! '],
      ...[
        '%',
        '? ',
        '---',
        '...',
        '\r\n',
        '\r',
        '\\',
        '~',
        '0x1f',
        '1e999',
        '-.inf',
        '\u0085',
        '\ufeff',
        '<<: ',
        '+',
        '1',
      ],
    );
    const edits = fc.array(fc.tuple(fragments, fc.nat(), fc.nat(2)), { maxLength: 3 });
    let plainCount = 0;
    fc.assert(
      fc.property(fc.constantFrom(...samples), edits, fc.constantFrom(20, 100_000), (sample, changes, partLength) => {
        const text = changes.reduce((edited, [fragment, at, removed]) => {
          const start = at % (edited.length + 1);
          return edited.slice(0, start) + fragment + edited.slice(start + removed);
        }, sample);
        const plain = parsePlainYaml(text, partLength);
        const document = parseDocument(text, { stringKeys: true, prettyErrors: false, logLevel: 'error' });
        // js-yaml accepts a few texts that are not YAML, such as a flow key with a line break after it.
        if (plain === null || document.errors.length + document.warnings.length > 0) return;
        plainCount++;
        expect(plain.value).toStrictEqual(document.toJS());
      }),
      { numRuns: 500 },
    );
    expect(plainCount).toBeGreaterThan(100);
  });

  test('is each file with the keys of the documentation', () => {
    expect(parsePlainYaml(fullConfig)).not.toBeNull();
  });

  test.each([
    ['an alias', 'a: &x 1\nb: *x\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a directive', '%YAML 1.1\n---\na: 1\n'],
    ['a second document', 'a: 1\n---\nb: 1\n'],
    ['a key that is not text', '1: a\n'],
    ['a duplicate key', 'a: 1\na: 2\n'],
    ['a tab', 'a:\t1\n'],
    ['no document', ''],
    ['an error', 'a: [1\n'],
  ])('has not %s', (_what, text) => {
    expect(parsePlainYaml(text)).toBeNull();
  });
});
