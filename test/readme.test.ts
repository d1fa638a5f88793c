import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseArguments } from '../src/cli/arguments.ts';
import { parseConfig } from '../src/config/config.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** The fenced blocks of one kind; '' for those of none. */
const blocks = (kind: string) =>
  [...readme.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```/gm)]
    .filter(([, , language]) => language === kind)
    .map(([, indent, , text]) => (text ?? '').replaceAll(new RegExp(`^${indent ?? ''}`, 'gm'), ''));

test('every syncbot.yml of the README is read without a fault', () => {
  const files = blocks('yaml');
  expect(files.length).toBeGreaterThanOrEqual(2);
  for (const file of files) {
    expect(parseConfig(file, { WAREHOUSE_REDIS_URL: 'redis://warehouse:6379' })).toMatchObject({ kind: 'read' });
  }
});

test('every verb of the command line that the README names is there', () => {
  const lines = blocks('').flatMap((block) => block.split('\n').filter((line) => line.startsWith('syncbot ')));
  const verbs = lines.flatMap((line) => (line.split(' ')[1] ?? '').split('|')).filter((verb) => /^[a-z]+$/.test(verb));
  expect(verbs).toEqual(expect.arrayContaining(['run', 'apply', 'list', 'show', 'start', 'doctor']));
  for (const verb of verbs.filter((word) => word !== 'orders')) {
    expect(parseArguments([verb, '--help'], '1.0.0')).toMatchObject({ kind: 'help' });
  }
});

test('the scripts that the README calls are there', () => {
  const { scripts } = parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { scripts: object };
  const calledScripts = [...readme.matchAll(/npm run (\w+)/g)].map(([, name]) => name);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(calledScripts));
});
