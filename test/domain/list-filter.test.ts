import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertKinds } from '../../src/domain/conditions.ts';
import { normalizeFilterText } from '../../src/domain/filter-tokens.ts';
import {
  emptyFilter,
  formatListFilter,
  type ListFilter,
  matchesFilter,
  parseListFilter,
} from '../../src/domain/list-filter.ts';
import type { Project } from '../../src/domain/project.ts';
import { projectStates } from '../../src/domain/project-state.ts';
import { firingAlert } from '../support/example-alerts.ts';
import { exampleProject } from '../support/example-records.ts';

const filterOf = (text: string) => {
  const parsed = parseListFilter(text);
  return parsed.kind === 'filter' ? parsed.filter : parsed;
};

describe('a filter', () => {
  it.each<[string, Partial<ListFilter>]>([
    ['', {}],
    ['  ', {}],
    ['all', {}],
    ['Paused', { states: ['paused'] }],
    ['not started', { states: ['not_started'] }],
    ['not_started', { states: ['not_started'] }],
    ['Not-Started.', { states: ['not_started'] }],
    ['state:failed', { states: ['failed'] }],
    ['failed paused failed', { states: ['failed', 'paused'] }],
    ['attention', { attention: true }],
    ['Needs attention', { attention: true }],
    ['alert:no-worker', { alerts: ['no_worker'] }],
    ['ALERT:No_Worker', { alerts: ['no_worker'] }],
    ['label:Prod', { labels: ['prod'] }],
    ['label:"two  words"', { labels: ['two words'] }],
    ['label:“two words”', { labels: ['two words'] }],
    ['label:a label:b', { labels: ['a', 'b'] }],
    ['paused label:prod orders', { states: ['paused'], labels: ['prod'], words: ['orders'] }],
    ['orders eu', { words: ['orders', 'eu'] }],
    ['*orders*, `eu`!', { words: ['orders', 'eu'] }],
    ['"paused"', { words: ['paused'] }],
    ['"orders to"', { words: ['orders to'] }],
    ['needs money', { words: ['needs', 'money'] }],
    ['not here', { words: ['not', 'here'] }],
    ['label:', { words: ['label'] }],
    ['team:core', { words: ['team:core'] }],
    ['"a \\" b', { words: ['a " b'] }],
  ])('%j is read as %j.', (text, filter) => {
    expect(filterOf(text)).toEqual({ ...emptyFilter, ...filter });
  });

  it.each([
    ['alert:nothing', { kind: 'unknown', key: 'alert', value: 'nothing' }],
    ['paused state:broken', { kind: 'unknown', key: 'state', value: 'broken' }],
  ])('%j has a value that does not exist.', (text, unknown) => {
    expect(parseListFilter(text)).toEqual(unknown);
  });

  const text = fc
    .oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'not',
        'started',
        'needs',
        'attention',
        'paused',
        'all',
        'label:a',
        'a"b\\',
        '“x”',
        "'q'",
        'ends.',
      ),
    )
    .map(normalizeFilterText)
    .filter((value) => value !== '');

  it('that is formatted and parsed again is the same.', () => {
    const filter: fc.Arbitrary<ListFilter> = fc.record({
      attention: fc.boolean(),
      states: fc.uniqueArray(fc.constantFrom(...projectStates)),
      alerts: fc.uniqueArray(fc.constantFrom(...alertKinds)),
      labels: fc.uniqueArray(text, { maxLength: 3 }),
      words: fc.uniqueArray(text, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(filter, (given) => {
        expect(filterOf(formatListFilter(given)), formatListFilter(given)).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });

  it('of any text is read, and its formatted text is read as the same.', () => {
    const part = fc.oneof(
      text,
      fc.constantFrom('"', '\\', 'label:', 'alert:latency', 'state:failed', ' ', '.', '«', '\n'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const parsed = parseListFilter(parts.join(''));
        if (parsed.kind === 'filter') expect(parseListFilter(formatListFilter(parsed.filter))).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the projects of a filter', () => {
  const { definition } = exampleProject();
  const projects: readonly Project[] = [
    exampleProject({ id: 'orders', alerts: { no_worker: firingAlert('no_worker'), latency: firingAlert('latency') } }),
    exampleProject({
      id: 'users',
      state: 'not_started',
      definition: {
        ...definition,
        id: 'users',
        description: null,
        source: null,
        target: null,
        labels: ['Nightly run'],
      },
    }),
    exampleProject({ id: 'payments', state: 'failed', definition: { ...definition, labels: ['prod', 'EU'] } }),
  ];

  it.each([
    ['', ['orders', 'users', 'payments']],
    ['attention', ['orders', 'payments']],
    ['attention running', ['orders']],
    ['failed not started', ['users', 'payments']],
    ['alert:latency', ['orders']],
    ['alert:latency failed', []],
    ['WAREHOUSE', ['orders', 'payments']],
    ['orders-db', ['orders', 'payments']],
    ['to the', ['orders', 'payments']],
    ['label:eu label:prod', ['payments']],
    ['eu', ['payments']],
    ['nightly run', ['users']],
    ['label:"nightly run"', ['users']],
    ['nightly', []],
    ['night', []],
    ['ser', ['users']],
    ['"failed"', []],
  ])('%j are %j.', (filter, ids) => {
    const parsed = filterOf(filter);
    if ('kind' in parsed) throw new Error('unknown');
    expect(projects.filter((project) => matchesFilter(project, parsed)).map(({ id }) => id)).toEqual(ids);
  });
});
