import type { Machine } from './machine.ts';
import type { Result, Row, Target } from './result.ts';
import type { Spread } from './statistics.ts';

/** The results of one run. */
export interface Report {
  readonly at: string;
  readonly machine: Machine;
  readonly results: readonly Result[];
}

/** Returns a plain table for a terminal. */
export function renderTable({ letter, title, rows, seconds }: Result): string {
  const cells = [['', ...columns], ...rows.map((row) => [row.name, ...renderCells(row)])];
  const widths = columns.map((_name, index) => Math.max(...cells.map((row) => row[index + 1]?.length ?? 0)));
  const nameWidth = Math.max(...cells.map(([name]) => name?.length ?? 0));
  const lines = cells.map(([name = '', ...rest]) =>
    ['', name.padEnd(nameWidth), ...rest.map((cell, index) => cell.padEnd(widths[index] ?? 0))].join('  ').trimEnd(),
  );
  return [`(${letter}) ${title}, ${Math.round(seconds)} s`, ...lines, ''].join('\n');
}

/** The start of the part of RESULTS.md that is written by hand. */
const manualSectionHeading = '\n## What was changed';

/** Returns the new content of RESULTS.md. The part written by hand is taken from the previous page. */
export function renderMarkdown({ at, machine, results }: Report, previousPage: string): string {
  const targets = results.flatMap(({ rows }) => rows.flatMap(({ target }) => target ?? []));
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const head = [
    '# Results',
    '',
    '`npm run bench -- --write` writes this page. [README.md](README.md) describes how each number is measured.',
    'Each number is the median of its rounds, with the lowest and the highest value.',
    'A ratio is taken pair by pair with the baseline of the same round.',
    '',
    `- ${at.slice(0, 10)}, ${targets.filter(({ met }) => met).length} of ${targets.length} targets met`,
    `- ${machine.cpus} × ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}`,
    `- ${versions.join(', ')}`,
  ];
  const start = previousPage.indexOf(manualSectionHeading);
  const manualPart = start === -1 ? '' : previousPage.slice(start);
  return `${[...head, ...results.flatMap(renderSection)].join('\n')}\n${manualPart}`;
}

const columns = ['syncbot', 'baseline', 'ratio', 'target'];

function renderSection({ letter, title, rows, notes }: Result): string[] {
  const tableRow = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    '',
    `## (${letter}) ${title}`,
    '',
    ...notes,
    '',
    tableRow(['', ...columns]),
    tableRow(['---', ...columns.map(() => '---')]),
    ...rows.map((row) => tableRow([row.name, ...renderCells(row)])),
  ];
}

function renderCells({ subject, baseline, ratio, unit, target }: Row): string[] {
  return [
    renderSpread(subject, unit),
    baseline === null ? '' : renderSpread(baseline, unit),
    ratio === null ? '' : renderSpread(ratio, ''),
    target === null ? '' : renderTarget(target, unit),
  ];
}

function renderTarget({ appliesTo, atMost, met }: Target, unit: string): string {
  return `<= ${atMost}${appliesTo === 'subject' && unit !== '' ? ` ${unit}` : ''}: ${met ? 'met' : 'missed'}`;
}

function renderSpread({ median, low, high, rounds }: Spread, unit: string): string {
  const value = `${roundNumber(median)}${unit === '' ? '' : ` ${unit}`}`;
  return rounds === 1 || low === high ? value : `${value} (${roundNumber(low)}-${roundNumber(high)})`;
}

function roundNumber(number: number): string {
  if (number >= 100 || Number.isInteger(number)) return String(Math.round(number));
  return number >= 10 ? number.toFixed(1) : number.toFixed(2);
}
