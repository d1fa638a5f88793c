import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/config.ts';
import { blocksOf, pageNames, readPage } from './pages.ts';

const root = new URL('../../', import.meta.url).pathname;

const links = pageNames.flatMap((name) => {
  const text = readPage(name).replaceAll(/```[\s\S]*?```/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(([, link, src]) => link ?? src ?? '');
  return targets.filter((target) => !/^https?:/.test(target)).map((target) => ({ name, target }));
});

test.each(links)('$name leads to $target', ({ name, target }) => {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? name : normalize(join(dirname(name), path));
  expect(existsSync(join(root, file))).toBe(true);
  if (anchor !== undefined) expect(headingAnchors(readPage(file.includes('/') ? file : `./${file}`))).toContain(anchor);
});

test('every page and every picture is linked to', () => {
  const linkedFiles = new Set(
    links.map(({ name, target }) => normalize(join(dirname(name), target.split('#')[0] ?? ''))),
  );
  const pictures = readdirSync(join(root, 'docs/pictures')).map((file) => `docs/pictures/${file}`);
  const unreachedFiles = [...pageNames.slice(1), ...pictures].filter(
    (file) => !linkedFiles.has(file) && file !== 'docs/README.md',
  );
  expect(unreachedFiles).toEqual([]);
});

test.each(pageNames.slice(1))('%s is short', (name) => {
  expect(readPage(name).split('\n').length).toBeLessThanOrEqual(200);
});

test.each(readdirSync(join(root, 'docs/pictures')))('the picture %s is small', (file) => {
  expect(statSync(join(root, 'docs/pictures', file)).size).toBeLessThan(150_000);
});

const sources = ['src', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
);
const namedFiles = pageNames.flatMap((name) =>
  [...readPage(name).matchAll(/`((?:[\w.-]+\/)*[\w*.-]+\.(?:ts|yml|json|mjs)|(?:src|test|docs)\/[\w./-]+)`/g)].map(
    ([, file = '']) => ({ name, file }),
  ),
);

test('files and a syncbot.yml are found in the pages', () => {
  expect(namedFiles.length).toBeGreaterThan(20);
  expect(yamlBlocks.length).toBeGreaterThan(2);
});

test.each(namedFiles.filter(({ file }) => !file.includes('*') && file !== 'syncbot.yml'))(
  '$name names $file',
  ({ file }) => {
    expect(existsSync(join(root, file)) || sources.some((source) => source.endsWith(`/${file}`))).toBe(true);
  },
);

test('the architecture names every folder of the sources', () => {
  const text = readPage('architecture.md');
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !text.includes(`src/${name}`) && name !== 'demo')).toEqual(
    [],
  );
});

const yamlBlocks = pageNames.flatMap((name) => blocksOf(readPage(name), 'yaml').map((block) => ({ name, ...block })));

test.each(yamlBlocks)('the syncbot.yml of $name, line $line, is read without a fault', ({ text }) => {
  const env = { WAREHOUSE_REDIS_URL: 'redis://warehouse:6379' };
  const fullConfig = 'projects' in (parse(text) as object) ? text : `${text}projects: {}\n`;
  expect(parseConfig(fullConfig, env)).toMatchObject({ kind: 'read' });
});

/** As GitHub makes them of headings. */
function headingAnchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
