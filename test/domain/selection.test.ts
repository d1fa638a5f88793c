import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeFilterText } from '../../src/domain/filter-tokens.ts';
import type { Project } from '../../src/domain/project.ts';
import { projectStates } from '../../src/domain/project-state.ts';
import {
  findNamedProject,
  formatSelection,
  namesIn,
  parseSelection,
  readFollowingWords,
  type Selection,
  selectProjects,
} from '../../src/domain/selection.ts';
import { parseCommand } from '../../src/slack/commands/parse.ts';
import { readProjectName } from '../../src/slack/commands/words.ts';
import { projectIdArbitrary } from '../slack/arbitraries.ts';
import { exampleProject } from '../support/example-records.ts';

const endpoint = (name: string) => ({ type: 'mysql', name });

function project(id: string, changes: Partial<Project['definition']> & { readonly state?: Project['state'] } = {}) {
  const { state = 'running', ...definition } = changes;
  return exampleProject({
    id,
    state,
    definition: { ...exampleProject().definition, id, source: null, target: null, ...definition },
  });
}

const projects = [
  project('carts', { labels: ['prod', 'Two Words'], target: endpoint('Warehouse') }),
  project('orders', { labels: ['prod'], source: endpoint('orders-db'), target: endpoint('warehouse') }),
  project('users', { labels: ['test'], state: 'failed', target: endpoint('warehouse') }),
];

function read(words: readonly string[]): Selection {
  const parsed = parseSelection(words);
  if (parsed.kind === 'invalid') throw new Error(parsed.error.code);
  return parsed.selection;
}

const batches = new Map([['ab12', new Set(['carts', 'users'])]]);

function select(words: readonly string[], from: readonly Project[] = projects): string[] {
  const selection = read(words);
  const idsByName = new Map(namesIn(selection).map((name) => [name, name]));
  return selectProjects(selection, from, { idsByName, projectsByBatch: batches }).map(({ id }) => id);
}

describe('a selection', () => {
  it.each<[readonly string[], readonly string[]]>([
    [
      ['orders', 'users'],
      ['orders', 'users'],
    ],
    [['label:prod'], ['carts', 'orders']],
    [['label:"two  words"'], ['carts']],
    [['label:two words'], ['carts']],
    [['LABEL:Two Words'], ['carts']],
    [
      ['label:prod', 'label:test'],
      ['carts', 'orders', 'users'],
    ],
    [['label:prod', 'state:failed'], []],
    [['target:warehouse', 'state:failed'], ['users']],
    [['source:orders-db'], ['orders']],
    [['source:mysql'], []],
    [['state:not-started'], []],
    [['orders', 'users', 'label:prod'], ['orders']],
    [['label:prod', 'except', 'orders'], ['carts']],
    [['target:warehouse', 'except', 'orders', 'label:test'], ['carts']],
    [['orders', 'except', 'orders'], []],
    [['batch:ab12'], ['carts', 'users']],
    [['batch:none'], []],
    [['batch:ab12', 'state:failed'], ['users']],
  ])('%j selects %j.', (words, ids) => expect(select(words)).toEqual(ids));

  it.each([
    [['state:broken'], { code: 'unknown_state', value: 'broken' }],
    [['label:prod', 'except'], { code: 'except_missing' }],
    [['label:prod', 'except', 'state:x'], { code: 'unknown_state', value: 'x' }],
  ])('%j is not one.', (words, error) => expect(parseSelection(words)).toEqual({ kind: 'invalid', error }));

  const term = fc.oneof(
    projectIdArbitrary.filter((id) => id !== 'except'),
    fc.constantFrom(...projectStates.map((state) => `state:${state}`)),
    fc
      .tuple(
        fc.constantFrom('label', 'source', 'target', 'batch'),
        fc.string({ unit: 'grapheme' }).filter((value) => normalizeFilterText(value) !== ''),
      )
      .map(([key, value]) => `${key}:"${value.replace(/["\\]/g, '\\$&')}"`),
  );
  const words = fc
    .tuple(fc.array(term, { minLength: 1, maxLength: 5 }), fc.array(term, { maxLength: 3 }))
    .map(([terms, except]) => (except.length === 0 ? terms : [...terms, 'except', ...except]));

  it('that is formatted and typed as a command again is the same (property).', () => {
    fc.assert(
      fc.property(words, (typed) => {
        const selection = read(typed);
        const isOneName = formatSelection(selection) === typed[0];
        const all = [...selection.terms, ...selection.except];
        fc.pre(!isOneName && all.every((each) => each.kind === 'name' || each.value !== ''));
        const command = parseCommand(`pause ${formatSelection(selection)} because x`);
        const again = command.kind === 'change' ? command.alternative?.command : command;
        expect(again).toMatchObject({ kind: 'change-selection', reason: 'x' });
        expect(again).toMatchObject({ selection });
      }),
    );
  });

  it('with one more exception selects no more projects, and with one more key neither (property).', () => {
    fc.assert(
      fc.property(words, projectIdArbitrary, (typed, id) => {
        const before = select(typed);
        const excluded = select(typed.includes('except') ? [...typed, id] : [...typed, 'except', id]);
        expect(before.filter((each) => each !== id)).toEqual(excluded);
        const restricted = read(typed);
        fc.pre(!restricted.terms.some(({ kind }) => kind === 'label'));
        expect(before).toEqual(expect.arrayContaining(select(['label:prod', ...typed])));
      }),
    );
  });
});

describe('the words after the first project', () => {
  const named = (words: readonly string[]) => words.map((word) => findNamedProject(readProjectName(word), projects));

  it.each([
    ['users', false, 'names'],
    ['users carts', false, 'names'],
    ['user', false, 'unclear'],
    ['user', true, 'names'],
    ['r', true, 'unclear'],
    ['users now', false, 'unclear'],
    ['users now', true, 'unclear'],
    ['we deploy', true, 'reason'],
    ['we user', false, 'reason'],
    ['maintenance', false, 'reason'],
  ])('%s (with because: %s) are read as %s.', (words, hasBecause, kind) => {
    expect(readFollowingWords(named(words.split(' ')), { hasBecause })).toBe(kind);
  });

  it('select only projects that a person has named (property).', () => {
    const word = fc.oneof(fc.constantFrom('orders', 'users', 'carts', 'user', 'we', 'now', 'and', 'x'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), fc.boolean(), (words, hasBecause) => {
        const found = named(words);
        const kind = readFollowingWords(found, { hasBecause });
        // Each word is one project for sure, or the command is about the first project only, or nothing is done.
        if (kind === 'names')
          expect(found.every((each, index) => 'id' in each && each.id.startsWith(words[index] ?? '?'))).toBe(true);
        if (kind === 'reason') expect(found.some((each) => each.kind === 'exact')).toBe(false);
      }),
    );
  });
});
