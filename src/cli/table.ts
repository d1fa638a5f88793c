/** Text from outside, fit for a terminal: no control characters, no escape sequences, nothing that turns the line around. */
export function sanitizeText(text: string): string {
  return text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ').replace(/(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}]/gu, '');
}

const wideCharacter =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const segmenter = new Intl.Segmenter();

/** How many columns a text takes on a terminal, about: East Asian characters and emoji take two. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const { segment } of segmenter.segment(text)) columns += wideCharacter.test(segment) ? 2 : 1;
  return columns;
}

/** A text cut to so many columns. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let truncated = '';
  for (const { segment } of segmenter.segment(text)) {
    if (displayWidth(truncated) + displayWidth(segment) > columns - 1) break;
    truncated += segment;
  }
  return `${truncated}…`;
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** The widest it may be, in columns; longer fields are cut. */
  readonly maxWidth?: number;
}

/** A table of plain text: columns two blanks apart, no trailing blanks. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) =>
    columns.map(({ maxWidth }, index) => truncate(sanitizeText(row[index] ?? ''), maxWidth ?? 60)),
  );
  const widths = columns.map((_column, index) => Math.max(...cells.map((row) => displayWidth(row[index] ?? ''))));
  const lines = cells.map((row) =>
    row.map((cell, index) => {
      const padding = ' '.repeat((widths[index] ?? 0) - displayWidth(cell));
      return columns[index]?.align === 'right' ? padding + cell : cell + padding;
    }),
  );
  return lines.map((line) => line.join('  ').trimEnd()).join('\n');
}
