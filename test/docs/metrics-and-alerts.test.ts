import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { alertKinds, type Condition, severities } from '../../src/domain/conditions.ts';
import type { ProjectState } from '../../src/domain/project-state.ts';
import type { RefusalCode } from '../../src/domain/refusal.ts';
import type { CallResult } from '../../src/slack/api-calls.ts';
import { readPage, sectionOf } from './pages.ts';

const sources = new URL('../../src/', import.meta.url);
const code = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(new URL(file, sources), 'utf8'))
  .join('\n');
const operating = readPage('docs/operating.md');

describe('the metrics of docs/operating.md', () => {
  const table = sectionOf(operating, 'Metrics');

  test('the table has a row for each metric of the code, and no other', () => {
    const rows = [...table.matchAll(/^\| `(syncbot_\w+)` \|/gm)].map(([, name = '']) => name);
    expect(rows.sort()).toEqual(metricNames(code));
  });

  test('the page names no metric that the code does not have', () => {
    expect(metricNames(operating)).toEqual(metricNames(code));
  });

  test('each label and value of the table is in the code', () => {
    const words = [...table.matchAll(/^\|.*$/gm)]
      .flatMap(([row]) => [...row.matchAll(/`([a-z_]+)`/g)].map(([, word = '']) => word))
      .filter((word) => !word.startsWith('syncbot_'));
    expect(words.length).toBeGreaterThan(10);
    const isInCode = (word: string) => new RegExp(`'${word}'|\\{${word}=|\\b${word}:`).test(code);
    expect(words.filter((word) => !isInCode(word))).toEqual([]);
  });

  /** The types make a renamed value a compiler error. */
  const values: readonly (CallResult | Condition['kind'] | ProjectState | RefusalCode)[] = [
    'rate_limited',
    'unexpectedly_running',
    'pause_ignored',
    'failed',
    'claim_timeout',
  ];
  test.each(values)('the page names the value %s', (value) => {
    expect(operating).toContain(`\`${value}\``);
  });
});

describe('the tables of alerts', () => {
  test.each([
    ['the README', sectionOf(readPage('README.md'), 'Alerts and drift')],
    ['docs/operating.md', sectionOf(operating, 'On call').split('\nAlerts')[1]?.split('\nLog lines')[0] ?? ''],
  ])('%s has each kind of alert, and no other', (_page, text) => {
    const firstCells = [...text.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell);
    const kinds = firstCells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, kind = '']) => kind));
    expect(kinds.sort()).toEqual([...alertKinds].sort());
  });

  test.each(alertKinds)('the README has the severity of %s', (kind) => {
    expect(readPage('README.md')).toContain(`| \`${kind}\` | ${severities[kind]} |`);
  });
});

function metricNames(text: string): string[] {
  return [...new Set([...text.matchAll(/\bsyncbot_[a-z_]+\b/g)].map(([name]) => name))].sort();
}
