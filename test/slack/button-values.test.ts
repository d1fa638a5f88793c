import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeFilterText } from '../../src/domain/filter-tokens.ts';
import { emptyFilter, formatListFilter } from '../../src/domain/list-filter.ts';
import {
  filterValue,
  historyQueryValue,
  listQueryValue,
  operationRefValue,
  readFilterValue,
  readHistoryQuery,
  readListQuery,
  readOperationRef,
  readProjectId,
} from '../../src/slack/button-values.ts';
import { hostileTextArbitrary, projectIdArbitrary } from './arbitraries.ts';

const operationId = fc.stringMatching(/^[A-Za-z0-9]{1,40}$/);

describe('button values', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(
        projectIdArbitrary,
        operationId,
        fc.nat(1_000),
        hostileTextArbitrary,
        (project, operation, page, text) => {
          expect(readOperationRef(operationRefValue({ project, operation }))).toEqual({ project, operation });
          const filter = text.slice(0, 100);
          expect(readListQuery(listQueryValue({ page, filter }))).toEqual({ page, filter });
          const option = filterValue(formatListFilter({ ...emptyFilter, words: [normalizeFilterText(filter)] }));
          if (option !== null) expect(filterValue(readFilterValue(option) ?? '')).toBe(option);
          expect(readProjectId(project)).toBe(project);
          const cursor = {
            before: `${page}-1`,
            shown: [`operation:${operation}`, `alert:latency:${page}`, 'failed:7'],
          };
          for (const each of [cursor, null])
            expect(readHistoryQuery(historyQueryValue({ project, cursor: each }))).toEqual({ project, cursor: each });
        },
      ),
    );
  });

  it('are read as null when they are invalid, and never throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), hostileTextArbitrary, fc.json()), (value) => {
        for (const read of [readOperationRef, readListQuery, readHistoryQuery, readFilterValue, readProjectId]) {
          expect(() => read(value)).not.toThrow();
        }
      }),
    );
    for (const invalidValue of [
      'orders',
      'orders/',
      '/x',
      'orders/a/b',
      'Orders/a',
      'orders/a b',
      '',
      null,
      7,
      'list/a',
    ]) {
      expect(readOperationRef(invalidValue)).toBeNull();
    }
    for (const invalidValue of ['{"page":-1,"filter":""}', '{"page":0}', '[]', '1', '{', undefined])
      expect(readListQuery(invalidValue)).toBeNull();
    for (const cursor of [
      '{}',
      '{"before":"+","shown":[]}',
      '{"before":"1-0","shown":["<!here>"]}',
      '{"before":"1-0"}',
    ])
      expect(readHistoryQuery(`{"project":"orders","cursor":${cursor}}`)).toBeNull();
    expect(readHistoryQuery('{"project":"Orders","cursor":null}')).toBeNull();
    for (const invalidValue of ['pause orders', 'listing', '', `list ${'x'.repeat(100)}`, 7])
      expect(readFilterValue(invalidValue)).toBeNull();
    expect(readFilterValue('list')).toBe('');
    expect(
      historyQueryValue({ project: 'orders', cursor: { before: '1-0', shown: ['operation:<!here>'] } }),
    ).toBeNull();
  });
});
