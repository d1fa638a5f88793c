import stringWidth from 'string-width';
import { sanitizeText } from './terminal-text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** In terminal columns; longer cells are truncated. Default: 60. */
  readonly maxWidth?: number;
}

/** A cell with a color. */
export interface PaintedCell {
  readonly text: string;
  readonly paint: (text: string) => string;
}

type Cell = string | PaintedCell;

/** Formats a table with two spaces between its columns. Sanitizes every cell. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paintTitle: (title: string) => string = (title) => title,
): string {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) =>
    columns.map(({ maxWidth }, index) => truncate(sanitizeText(textOf(row[index] ?? '')), maxWidth ?? 60)),
  );
  const widths = columns.map((_column, index) => Math.max(...cells.map((row) => stringWidth(row[index] ?? ''))));
  const lines = cells.map((row, rowIndex) =>
    row.map((cell, index) => {
      const padding = ' '.repeat((widths[index] ?? 0) - stringWidth(cell));
      const given = rows[rowIndex - 1]?.[index];
      const paint = rowIndex === 0 ? paintTitle : paintOf(given ?? '');
      return columns[index]?.align === 'right' ? padding + paint(cell) : paint(cell) + padding;
    }),
  );
  return lines.map((line) => line.join('  ').trimEnd()).join('\n');
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

function paintOf(cell: Cell): (text: string) => string {
  return typeof cell === 'string' ? (text) => text : cell.paint;
}

function truncate(text: string, maxWidth: number): string {
  if (stringWidth(text) <= maxWidth) return text;
  let truncated = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(truncated + segment) > maxWidth - 1) break;
    truncated += segment;
  }
  return `${truncated}…`;
}
