/** Text from outside, fit for a terminal: no control characters, no escape sequences, nothing that turns the line around. */
export function plain(text: string): string {
  return text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ').replace(/(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}]/gu, '');
}

const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const segmenter = new Intl.Segmenter();

/** How many columns a text takes on a terminal, about: East Asian characters and emoji take two. */
export function width(text: string): number {
  let columns = 0;
  for (const { segment } of segmenter.segment(text)) columns += wide.test(segment) ? 2 : 1;
  return columns;
}

/** A text cut to so many columns. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = '';
  for (const { segment } of segmenter.segment(text)) {
    if (width(kept) + width(segment) > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** The widest it may be, in columns; longer fields are cut. */
  readonly most?: number;
}

/** A table of plain text: columns two blanks apart, no trailing blanks. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const fields = [columns.map(({ title }) => title), ...rows].map((row) =>
    columns.map(({ most }, index) => cut(plain(row[index] ?? ''), most ?? 60)),
  );
  const widths = columns.map((_column, index) => Math.max(...fields.map((row) => width(row[index] ?? ''))));
  const lines = fields.map((row) =>
    row.map((field, index) => {
      const blanks = ' '.repeat((widths[index] ?? 0) - width(field));
      return columns[index]?.align === 'right' ? blanks + field : field + blanks;
    }),
  );
  return lines.map((line) => line.join('  ').trimEnd()).join('\n');
}
