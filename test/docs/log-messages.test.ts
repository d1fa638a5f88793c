import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPage, sectionOf } from './pages.ts';

test('Each message of the log that docs/who-did-what.md names is in the source.', () => {
  const tables = sectionOf(readPage('docs/who-did-what.md'), 'In the logs').match(/^\| .*$/gm) ?? [];
  // A message has several words. The names of fields have one.
  const named = tables.flatMap((row) => [...row.matchAll(/`(\w+(?:,? \w+)+)`/g)].map(([, message = '']) => message));
  expect(named.length).toBeGreaterThan(25);
  const folder = new URL('../../src/', import.meta.url).pathname;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const source = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  expect(named.filter((message) => !source.includes(`'${message}'`))).toEqual([]);
});
