import { expect, it } from 'vitest';
import { type Report, renderMarkdown, renderTable } from '../../bench/report.ts';
import { compareRow, type Result, singleRow } from '../../bench/result.ts';

const result: Result = {
  letter: 'c',
  title: 'OK to last link paused',
  notes: ['How it was measured.'],
  seconds: 61.4,
  rows: [
    compareRow({ name: '1 link', unit: 'ms', subject: [2, 4, 3], baseline: [2, 2, 2], atMost: 1.3 }),
    compareRow({ name: '10 links', unit: 'ms', subject: [130, 130], baseline: [100, 100], atMost: 1.3 }),
    singleRow({ name: 'longest block', unit: 'ms', subject: [5.2], atMost: 5 }),
    singleRow({ name: 'connections', unit: '', subject: [7] }),
  ],
};
const report: Report = {
  at: '2026-01-02T03:04:05.678Z',
  machine: {
    cpu: 'A processor',
    cpus: 4,
    memoryGb: 16,
    system: 'Linux 6.1',
    versions: { Node: '20.19.0', Redis: '7.0.15' },
  },
  results: [result],
};

it('renderTable renders a table with medians, spreads, ratios, and targets that are met or missed', () => {
  expect(
    renderTable(result)
      .split('\n')
      .map((line) => line.trim().replaceAll(/ {2,}/g, ' | ')),
  ).toEqual([
    '(c) OK to last link paused, 61 s',
    'syncbot | baseline | ratio | target',
    '1 link | 3 ms (2-4) | 2 ms | 1.50 (1-2) | <= 1.3: missed',
    '10 links | 130 ms | 100 ms | 1.30 | <= 1.3: met',
    'longest block | 5.20 ms | <= 5 ms: missed',
    'connections | 7',
    '',
  ]);
});

it('renderMarkdown renders a page with the machine, the versions and the number of targets met', () => {
  const page = renderMarkdown(report, '');
  expect(page).toContain('- 2026-01-02, 1 of 3 targets met');
  expect(page).toContain('- 4 × A processor, 16 GB, Linux 6.1\n- Node 20.19.0, Redis 7.0.15');
  expect(page).toContain('| 1 link | 3 ms (2-4) | 2 ms | 1.50 (1-2) | <= 1.3: missed |');
  expect(page).toContain('How it was measured.');
});

it('renderMarkdown keeps the part that is written by hand, and replaces the numbers', () => {
  const previousPage = '# Results\n\nold numbers\n\n## What was changed\n\nThis and that.\n';
  const page = renderMarkdown(report, previousPage);
  expect(page).not.toContain('old numbers');
  expect(page.endsWith('\n## What was changed\n\nThis and that.\n')).toBe(true);
  expect(renderMarkdown(report, page)).toBe(page);
});
