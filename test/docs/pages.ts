import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';

const root = new URL('../../', import.meta.url);

/** The documents that tests check, as paths from the root. */
export const pageNames: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs/', root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Reads a page by its path from the root. */
export function readPage(name: string): string {
  return readFileSync(new URL(name, root), 'utf8');
}

export interface Block {
  readonly language: string;
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Returns the text below a heading of the second level, up to the next one. */
export function sectionOf(markdown: string, heading: string): string {
  return markdown.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
}

/** Returns the fenced blocks of a page without their indent: those of one language, or all. */
export function blocksOf(markdown: string, language?: string): Block[] {
  const found = [...markdown.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```/gm)].map((match) => ({
    language: match[2] ?? '',
    text: (match[3] ?? '').replaceAll(new RegExp(`^${match[1] ?? ''}`, 'gm'), ''),
    line: markdown.slice(0, match.index).split('\n').length,
  }));
  return found.filter((block) => language === undefined || block.language === language);
}

/**
 * Applies a diff without line numbers. Its kept and removed lines must occur exactly once in the text. A diff for an empty
 * text consists of added lines only.
 */
export function applyDiff(text: string, diff: string): string {
  const side = (sign: string) =>
    diff
      .trimEnd()
      .split('\n')
      .filter((line) => line === '' || line[0] === ' ' || line[0] === sign)
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  const [before, after] = [side('-'), side('+')];
  if (text === '') return after;
  expect(text.split(before), before).toHaveLength(2);
  return text.replace(before, () => after);
}
