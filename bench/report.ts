import type { Machine } from './machine.ts';
import type { Spread } from './measure.ts';
import type { Aim, Result, Row } from './result.ts';

/** Everything that one run has measured. */
export interface Report {
  readonly at: string;
  readonly machine: Machine;
  readonly results: readonly Result[];
}

/** A plain table for a terminal. */
export function textOf({ letter, title, rows, seconds }: Result): string {
  const cells = [['', ...columns], ...rows.map((row) => [row.name, ...cellsOf(row)])];
  const widths = columns.map((_name, index) => Math.max(...cells.map((row) => row[index + 1]?.length ?? 0)));
  const first = Math.max(...cells.map(([name]) => name?.length ?? 0));
  const lines = cells.map(([name = '', ...rest]) =>
    ['', name.padEnd(first), ...rest.map((cell, index) => cell.padEnd(widths[index] ?? 0))].join('  ').trimEnd(),
  );
  return [`(${letter}) ${title}, ${Math.round(seconds)} s`, ...lines, ''].join('\n');
}

/** Where what people have written begins: it outlives the figures. */
const byHand = '\n## What was changed';

/** The page that stands beside the benchmarks; `before`: what it was, of which the part written by people is kept. */
export function markdownOf({ at, machine, results }: Report, before: string): string {
  const aims = results.flatMap(({ rows }) => rows.flatMap(({ aim }) => aim ?? []));
  const head = [
    '# Results',
    '',
    'Written by `npm run bench -- --write`; [README.md](README.md) says how each figure is measured. Each figure is the median of',
    'its rounds with the lowest and the highest; a ratio is taken pair by pair with its floor, measured next to it in the same run.',
    '',
    `- ${at.slice(0, 10)}, ${aims.filter(({ met }) => met).length} of ${aims.length} aims met`,
    `- ${machine.cpus} × ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}`,
    `- ${Object.entries(machine.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
  ];
  const start = before.indexOf(byHand);
  const kept = start === -1 ? '' : before.slice(start);
  return `${[...head, ...results.flatMap(sectionOf)].join('\n')}\n${kept}`;
}

const columns = ['ours', 'floor', 'ratio', 'aim'];

function sectionOf({ letter, title, rows, notes }: Result): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    '',
    `## (${letter}) ${title}`,
    '',
    ...notes.map((note) => `${note}\n`),
    line(['', ...columns]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map((row) => line([row.name, ...cellsOf(row)])),
  ];
}

function cellsOf({ ours, floor, ratio, unit, aim }: Row): string[] {
  return [
    shown(ours, unit),
    floor === null ? '' : shown(floor, unit),
    ratio === null ? '' : shown(ratio, ''),
    aim === null ? '' : aimText(aim, unit),
  ];
}

function aimText({ of, atMost, met }: Aim, unit: string): string {
  return `<= ${atMost}${of === 'ours' && unit !== '' ? ` ${unit}` : ''}: ${met ? 'met' : 'missed'}`;
}

function shown({ median, low, high, rounds }: Spread, unit: string): string {
  const value = `${rounded(median)}${unit === '' ? '' : ` ${unit}`}`;
  return rounds === 1 || low === high ? value : `${value} (${rounded(low)}-${rounded(high)})`;
}

function rounded(number: number): string {
  if (number >= 100 || Number.isInteger(number)) return String(Math.round(number));
  return number >= 10 ? number.toFixed(1) : number.toFixed(2);
}
