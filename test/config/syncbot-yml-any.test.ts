import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readSyncbotYml } from '../../src/config.ts';
import { env, whole } from './reading.ts';

describe('whatever the text, there is a config or a sentence', () => {
  const check = (text: string) => {
    const read = readSyncbotYml(text, env);
    if (read.kind === 'read') return;
    expect(read.faults.length).toBeGreaterThan(0);
    for (const fault of read.faults) {
      expect(fault.message).toMatch(/\S/);
      expect(fault.line).toBeGreaterThan(0);
      expect(`${fault.path}${fault.message}`).not.toMatch(/[\n\r]|undefined|\[object/);
    }
  };

  test('any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), check));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...whole.split(/(?<=\s)/), '&a ', '*a ', '<<: ', '? ', '!!set ')), (parts) =>
        check(parts.join('')),
      ),
    );
  });

  test('any structure under the known keys', () => {
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
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double()),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.oneof(key, fc.string()), tie('tree'), { maxKeys: 4, noNullPrototype: true }),
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
    fc.assert(fc.property(file, (value) => check(stringify(value))));
  });
});
