import stringWidth from 'string-width';
import { linkName } from '../domain/link.ts';
import { type Formatter, formatUtc } from '../messages/format.ts';
import type { ProcessIo } from './process-io.ts';

/** Why a command did not succeed. With `--json` this is the output on stderr. */
export interface CliError {
  readonly code: string;
  readonly message: string;
}

/** Results go to stdout, everything else to stderr. */
export interface Output {
  /** Prints the text, or the data with `--json`. */
  result(text: string, data: unknown): void;
  /** Prints additional information, but not with `--json`. */
  note(text: string): void;
  error(error: CliError): void;
}

export function createOutput({ stdout, stderr }: Pick<ProcessIo, 'stdout' | 'stderr'>, json: boolean): Output {
  return {
    result: (text, data) => void stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : `${text}\n`),
    note: (text) => void (json || stderr.write(`${text}\n`)),
    error: ({ code, message }) => void stderr.write(json ? `${JSON.stringify({ code, message })}\n` : `${message}\n`),
  };
}

/** Formats names and times for a terminal. */
export const cliFormatter: Formatter = {
  text: (raw) => sanitizeText(raw),
  person: sanitizeText,
  channel: sanitizeText,
  link: (link) => sanitizeText(linkName(link)),
  time: formatUtc,
  command: (commandLine) => `syncbot ${sanitizeText(commandLine)}`,
};

/** Makes text of a user safe for a terminal: one line, no control characters, no escape sequences, no text direction. */
export function sanitizeText(text: string): string {
  return text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ').replace(/(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}]/gu, '');
}

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

const graphemes = new Intl.Segmenter();

function truncate(text: string, maxWidth: number): string {
  if (stringWidth(text) <= maxWidth) return text;
  let truncated = '';
  for (const { segment } of graphemes.segment(text)) {
    if (stringWidth(truncated + segment) > maxWidth - 1) break;
    truncated += segment;
  }
  return `${truncated}…`;
}
