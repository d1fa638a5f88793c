import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { blocksOf, readPage } from './pages.ts';

/** The paths of the tree block below `src/`: folders end with a slash. */
const documentedPaths = parseTree(blocksOf(readPage('docs/architecture.md'), 'text')[0]?.text ?? '');

const root = new URL('../../src/', import.meta.url).pathname;
const actualPaths = readdirSync(root, { recursive: true, withFileTypes: true }).map(
  (entry) => `${relative(root, join(entry.parentPath, entry.name))}${entry.isDirectory() ? '/' : ''}`,
);

test('the tree has every folder of src, and every file of its first level', () => {
  const expected = actualPaths.filter((path) => path.endsWith('/') || !path.includes('/'));
  const shown = documentedPaths.filter((path) => path.endsWith('/') || !path.includes('/'));
  expect(shown.sort()).toEqual(expected.sort());
});

test('each file that the tree shows exists', () => {
  expect(documentedPaths.filter((path) => !actualPaths.includes(path))).toEqual([]);
});

/** One entry per line, indented by two spaces per level; the text behind a name describes it. */
function parseTree(text: string): string[] {
  const paths: string[] = [];
  const folders: string[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, indent = '', name] = /^( *)(\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    folders.length = indent.length / 2 - 1;
    paths.push(`${folders.join('')}${name}`);
    if (name.endsWith('/')) folders.push(name);
  }
  return paths;
}
