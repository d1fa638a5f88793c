import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';

const root = new URL('../../', import.meta.url);

/** The pages of docs/ by file name, and the README. */
export const pageNames: readonly string[] = [
  './README.md',
  ...readdirSync(new URL('docs/', root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** A page by its path from the root; a bare name is one of docs/: the README of the project is `./README.md`. */
export function readPage(name: string): string {
  return readFileSync(new URL(name.includes('/') ? name : `docs/${name}`, root), 'utf8');
}

export interface Block {
  readonly language: string;
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

/** The fenced blocks of a page, without their indent; of one language, or of all. */
export function blocksOf(markdown: string, language?: string): Block[] {
  const found = [...markdown.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```/gm)].map((match) => ({
    language: match[2] ?? '',
    text: (match[3] ?? '').replaceAll(new RegExp(`^${match[1] ?? ''}`, 'gm'), ''),
    line: markdown.slice(0, match.index).split('\n').length,
  }));
  return found.filter((block) => language === undefined || block.language === language);
}

/** A text after a diff without line numbers: what it keeps and takes away stands there once. A new text is added lines alone. */
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
