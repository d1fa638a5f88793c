import stringWidth from 'string-width';
import { sanitizeText } from './terminal-text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** In terminal columns; longer cells are truncated. Default: 60. */
  readonly maxWidth?: number;
}

/** Formats a table with two spaces between its columns. Sanitizes every cell. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) =>
    columns.map(({ maxWidth }, index) => truncate(sanitizeText(row[index] ?? ''), maxWidth ?? 60)),
  );
  const widths = columns.map((_column, index) => Math.max(...cells.map((row) => stringWidth(row[index] ?? ''))));
  const lines = cells.map((row) =>
    row.map((cell, index) => {
      const padding = ' '.repeat((widths[index] ?? 0) - stringWidth(cell));
      return columns[index]?.align === 'right' ? padding + cell : cell + padding;
    }),
  );
  return lines.map((line) => line.join('  ').trimEnd()).join('\n');
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
