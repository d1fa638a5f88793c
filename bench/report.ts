import type { Machine } from './machine.ts';
import type { Result, Row, Target } from './result.ts';
import type { Spread } from './statistics.ts';

/** Everything that one run has measured. */
export interface Report {
  readonly at: string;
  readonly machine: Machine;
  readonly results: readonly Result[];
}

/** A plain table for a terminal. */
export function renderTable({ letter, title, rows, seconds }: Result): string {
  const cells = [['', ...columns], ...rows.map((row) => [row.name, ...renderCells(row)])];
  const widths = columns.map((_name, index) => Math.max(...cells.map((row) => row[index + 1]?.length ?? 0)));
  const nameWidth = Math.max(...cells.map(([name]) => name?.length ?? 0));
  const lines = cells.map(([name = '', ...rest]) =>
    ['', name.padEnd(nameWidth), ...rest.map((cell, index) => cell.padEnd(widths[index] ?? 0))].join('  ').trimEnd(),
  );
  return [`(${letter}) ${title}, ${Math.round(seconds)} s`, ...lines, ''].join('\n');
}

/** Where what people have written begins: it outlives the figures. */
const manualSectionHeading = '\n## What was changed';

/** The page that stands beside the benchmarks; `before`: what it was, of which the part written by people is kept. */
export function renderMarkdown({ at, machine, results }: Report, previousPage: string): string {
  const targets = results.flatMap(({ rows }) => rows.flatMap(({ target }) => target ?? []));
  const head = [
    '# Results',
    '',
    'Written by `npm run bench -- --write`; [README.md](README.md) says how each figure is measured. Each figure is the median of',
    'its rounds with the lowest and the highest; a ratio is taken pair by pair with its floor, measured next to it in the same run.',
    '',
    `- ${at.slice(0, 10)}, ${targets.filter(({ met }) => met).length} of ${targets.length} aims met`,
    `- ${machine.cpus} × ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}`,
    `- ${Object.entries(machine.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
  ];
  const start = previousPage.indexOf(manualSectionHeading);
  const manualPart = start === -1 ? '' : previousPage.slice(start);
  return `${[...head, ...results.flatMap(renderSection)].join('\n')}\n${manualPart}`;
}

const columns = ['subject', 'baseline', 'ratio', 'target'];

function renderSection({ letter, title, rows, notes }: Result): string[] {
  const tableRow = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    '',
    `## (${letter}) ${title}`,
    '',
    ...notes.map((note) => `${note}\n`),
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
