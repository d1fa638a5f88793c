import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/parse-config.ts';
import { blocksOf, pageNames, readPage } from './pages.ts';

const root = new URL('../../', import.meta.url).pathname;

const links = pageNames.flatMap((name) => {
  const text = readPage(name).replaceAll(/```[\s\S]*?```/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(([, link, src]) => link ?? src ?? '');
  return targets.filter((target) => !/^https?:/.test(target)).map((target) => ({ name, target }));
});

test.each(links)('$name: the link to $target leads to a file and a heading that exist', ({ name, target }) => {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? name : normalize(join(dirname(name), path));
  expect(existsSync(join(root, file))).toBe(true);
  if (anchor !== undefined) expect(headingAnchors(readPage(file))).toContain(anchor);
});

test('every page and every picture is linked from a page', () => {
  const linkedFiles = new Set(
    links.map(({ name, target }) => normalize(join(dirname(name), target.split('#')[0] ?? ''))),
  );
  const pictures = readdirSync(join(root, 'docs/pictures')).map((file) => `docs/pictures/${file}`);
  expect([...pageNames, ...pictures].filter((file) => !linkedFiles.has(file))).toEqual([]);
});

test.each(readdirSync(join(root, 'docs/pictures')))('the picture %s has less than 150 kB', (file) => {
  expect(statSync(join(root, 'docs/pictures', file)).size).toBeLessThan(150_000);
});

const sources = ['src', 'test', 'deploy'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
);
const namedFiles = pageNames.flatMap((name) =>
  [
    ...readPage(name).matchAll(
      /`((?:[\w.-]+\/)*[\w*.-]+\.(?:ts|yml|json|mjs|lua)|(?:src|test|docs|deploy)\/[\w./-]+)`/g,
    ),
  ].map(([, file = '']) => ({ name, file })),
);

test('the pages name files and contain syncbot.yml blocks', () => {
  expect(namedFiles.length).toBeGreaterThan(20);
  expect(yamlBlocks.length).toBeGreaterThan(2);
});

/** `test/package/npm-package.test.ts` compares the files of a build. */
const isChecked = (file: string) => !file.includes('*') && file !== 'syncbot.yml' && !file.startsWith('dist/');

test.each(namedFiles.filter(({ file }) => isChecked(file)))('$name: the file $file exists', ({ file }) => {
  expect(existsSync(join(root, file)) || sources.some((source) => source.endsWith(`/${file}`))).toBe(true);
});

const yamlBlocks = pageNames.flatMap((name) => blocksOf(readPage(name), 'yaml').map((block) => ({ name, ...block })));

test.each(yamlBlocks)('$name: the syncbot.yml of line $line is valid', ({ text }) => {
  const env = { WAREHOUSE_REDIS_URL: 'redis://warehouse:6379' };
  const fullConfig = 'projects' in (parse(text) as object) ? text : `${text}projects: {}\n`;
  expect(parseConfig(fullConfig, env)).toMatchObject({ kind: 'read' });
});

/** Returns the anchors that GitHub generates for the headings. */
function headingAnchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
