import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Condition } from '../../src/domain/conditions.ts';
import type { ProjectState } from '../../src/domain/state.ts';
import { alertText } from '../../src/messages/render.ts';
import type { CallResult } from '../../src/slack/api-calls.ts';
import { slackFormatter } from '../../src/slack/views/mrkdwn.ts';
import { makeDefinition } from '../support/project-definition.ts';
import { readPage } from './pages.ts';

const sources = new URL('../../src/', import.meta.url);
const code = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(new URL(file, sources), 'utf8'))
  .join('\n')
  .replaceAll("\\'", "'");

/** What alerts say of `orders`: those of them whose words are put together. */
const link = { queue: 'orders-incr', connection: 'default', prefix: 'bull' };
const links = { total: 1, first: [link] };
const conditions: readonly Condition[] = [
  { kind: 'project_failed', failure: { kind: 'task_failed', link, taskId: '1', reason: 'x', at: 0 }, since: 0 },
  { kind: 'unexpectedly_running', links, cause: 'resumed' },
];
const alertTexts = conditions.map((finding) => {
  const project = { id: 'orders', state: 'paused', definition: makeDefinition('orders') } as const;
  return alertText(finding, { project, format: slackFormatter('/sync'), revealReasons: false }).headline;
});
const sourceText = [code, ...alertTexts].join('\n');

/** The first cells of the tables below a heading, as far as they quote. */
function quotedSentences(name: string, heading: string): string[] {
  const below = readPage(name).split(`## ${heading}`)[1]?.split(/^## /m)[0] ?? '';
  const cells = [...below.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, sentence = '']) => sentence));
}

const rows = [
  ...quotedSentences('operating.md', 'At 3 a.m.'),
  ...quotedSentences('set-up-in-slack.md', 'When it does not answer'),
];

test('the tables have rows, and the texts quote', () => {
  expect(rows.length).toBeGreaterThan(30);
  expect(quotedInText.length).toBeGreaterThan(2);
});

test.each(rows)('syncbot says: %s', (sentence) => {
  expect(sourceText.includes(sentence)).toBe(true);
});

/** Sentences of syncbot that stand in the text, in quotes. */
const quotedInText = ['operating.md', 'concepts.md', 'set-up-in-slack.md', 'extending.md', 'architecture.md'].flatMap(
  (name) =>
    [
      ...readPage(name)
        .replaceAll(/<[^>]+>/g, '')
        .matchAll(/"([a-z][^"|\n]{7,})"/g),
    ].map(([, sentence = '']) => ({ name, sentence })),
);

test.each(quotedInText)('$name quotes: $sentence', ({ sentence }) => {
  expect(sourceText.includes(sentence.replace(/^\d+ tasks /, ''))).toBe(true);
});

test('the figures of the page are those that are told', () => {
  const findMetricNames = (text: string) =>
    [...new Set([...text.matchAll(/\bsyncbot_[a-z_]+\b/g)].map(([name]) => name))].sort();
  expect(findMetricNames(readPage('operating.md'))).toEqual(findMetricNames(code));
});

test('the labels of the figures, and the values to look for, are those of the code', () => {
  const table = readPage('operating.md').split('## Health and figures')[1]?.split('\n## ')[0] ?? '';
  const words = [...table.matchAll(/^\|.*$/gm)].flatMap(([row]) =>
    [...row.matchAll(/`([a-z_]+)`/g)].map(([, word = '']) => word),
  );
  const labels = [...new Set(words.filter((word) => !word.startsWith('syncbot_')))];
  expect(labels.length).toBeGreaterThan(10);
  expect(labels.filter((word) => !new RegExp(`'${word}'|\\{${word}=|\\b${word}:`).test(code))).toEqual([]);
});

/** What the page says to look for, as the types have it: a value that is renamed does not compile. */
const usedValues: readonly (CallResult | Condition['kind'] | ProjectState)[] = [
  'rate_limited',
  'unexpectedly_running',
  'pause_ignored',
  'project_failed',
];

test.each(usedValues)('the page looks for %s', (value) => {
  expect(readPage('operating.md')).toContain(`\`${value}\``);
});
