import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../src/config/parse-config.ts';
import { env, fullConfig } from './config-fixture.ts';

describe('every text gives a config or readable errors', () => {
  const expectReadable = (text: string) => {
    const parsed = parseConfig(text, env);
    if (parsed.kind === 'read') return;
    expect(parsed.errors.length).toBeGreaterThan(0);
    for (const error of parsed.errors) {
      expect(error.message).toMatch(/\S/);
      expect(error.line).toBeGreaterThan(0);
      expect(`${error.path}${error.message}`).not.toMatch(/[\n\r]|undefined|\[object/);
    }
  };

  test('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), expectReadable));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...fullConfig.split(/(?<=\s)/), '&a ', '*a ', '<<: ', '? ', '!!set ')),
        (parts) => expectReadable(parts.join('')),
      ),
    );
  });

  test('for any structure below the known keys', () => {
    const key = fc.constantFrom(
      'connections',
      'policy',
      'settings',
      'projects',
      'orders',
      'links',
      'queue',
      '__proto__',
      'constructor',
      'toString',
    );
    const { tree } = fc.letrec<{ tree: unknown }>((recurse) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double()),
        fc.array(recurse('tree'), { maxLength: 4 }),
        fc.dictionary(fc.oneof(key, fc.string()), recurse('tree'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    const file = fc.record(
      {
        connections: tree,
        policy: tree,
        settings: tree,
        projects: fc.oneof(tree, fc.record({ orders: fc.oneof(tree, fc.record({ links: tree, source: tree })) })),
      },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(file, (value) => expectReadable(stringify(value))));
  });
});
