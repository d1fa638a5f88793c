import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseDuration } from '../../src/config/duration.ts';
import { environmentVariables, readEnvironment } from '../../src/config/environment.ts';
import { vocabulary } from '../../src/config/vocabulary.ts';
import { readSyncbotYml } from '../../src/config.ts';
import { configurationPage } from './configuration-page.ts';

const file = new URL('../../docs/configuration.md', import.meta.url);

test('docs/configuration.md is what the schemas say', async () => {
  await expect(configurationPage()).toMatchFileSnapshot(file.pathname);
});

test('every key and every variable has its words', () => {
  const wordless = vocabulary.filter(({ wants, means, pattern }) => !wants || (!means && !isItem(pattern)));
  expect(wordless.map(({ pattern }) => pattern)).toEqual([]);
  expect(environmentVariables.filter(({ hint, means }) => hint === '' || means === '')).toEqual([]);
});

/** The key, its default and what is written there, as the page says. */
const rows = [
  ...readFileSync(file, 'utf8').matchAll(/^\| `([a-zA-Z.*]+)` \| (?:`(.*?)`|(must be there)|) \| (.*?) \|/gm),
]
  .filter(([, pattern]) => vocabulary.some((word) => word.pattern === pattern))
  .map(([, pattern = '', unless, must, wants = '']) => ({ pattern, unless, must: must !== undefined, wants }));

test('the page has a row for each key', () => {
  expect(rows.map(({ pattern }) => pattern)).toEqual(vocabulary.map(({ pattern }) => pattern));
});

describe('what the page says of a key is so', () => {
  test.each(rows.filter(({ unless }) => unless !== undefined))('$pattern is $unless when it is left out', (row) => {
    const left = read(row.pattern, undefined);
    expect(left.kind).toBe('read');
    expect(read(row.pattern, parse(row.unless ?? ''))).toEqual(left);
  });

  test.each(rows.filter(({ must }) => must))('$pattern must be there', ({ pattern }) => {
    expect(faultsAt(pattern, undefined)).toEqual(['is missing']);
  });

  const bounded = rows.flatMap((row) => boundsOf(row.wants).map((bound) => ({ ...row, ...bound })));
  test('bounds are found in the page', () => expect(bounded.length).toBeGreaterThanOrEqual(14));

  test.each(bounded)('$pattern: $wants', ({ pattern, accepted, refused }) => {
    for (const value of accepted) expect(faultsAt(pattern, value)).toEqual([]);
    for (const value of refused) expect(faultsAt(pattern, value)).toHaveLength(1);
  });
});

test.each(environmentVariables.filter(({ unless }) => unless !== null))(
  '$name is $unless when it is not set',
  (variable) => {
    const left = readEnvironment({});
    expect(left.kind).toBe('read');
    const written = readEnvironment({ [variable.name]: variable.unless ?? '' });
    expect(written).toEqual(left);
    expect(JSON.stringify(redisOf(written))).toBe(JSON.stringify(redisOf(left)));
  },
);

test.each([
  ['PORT', '0', '65535', '65536'],
  ['ADMIN_PORT', '0', '65535', '65536'],
  ['SLACK_COMMAND', '/s', `/${'s'.repeat(31)}`, `/${'s'.repeat(32)}`],
])('%s is bounded as its hint says', (name, least, most, beyondMost) => {
  const hint = environmentVariables.find((variable) => variable.name === name)?.hint;
  expect(hint).toContain(/^\d/.test(most) ? most : String(most.length - 1));
  for (const value of [least, most]) expect(readEnvironment({ [name]: value }).kind).toBe('read');
  expect(readEnvironment({ [name]: beyondMost }).kind).toBe('refused');
});

function redisOf(read: ReturnType<typeof readEnvironment>) {
  return read.kind === 'read' ? read.environment.secrets.redis : null;
}

/** Entries of lists and names of the user's own need no meaning beside that of what holds them. */
function isItem(pattern: string): boolean {
  return pattern.endsWith('*');
}

/** A file in which one key is as given, and everything else as it must be. Undefined: it is left out. */
function read(pattern: string, value: unknown) {
  const file: Record<string, unknown> = { projects: { orders: { links: [{ queue: 'orders-full' }] } } };
  const path = pattern.split('.').map((key, depth, keys) => (key !== '*' ? key : nameBelow(keys[depth - 1])));
  let at: Record<string | number, unknown> = file;
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const empty = path[depth + 1] === 0 ? [] : {};
    at[key] ??= key === 'source' || key === 'target' ? { type: 'mysql', name: 'orders-db' } : empty;
    at = at[key] as Record<string | number, unknown>;
  }
  const last = path.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
  return readSyncbotYml(stringify(file), {});
}

function nameBelow(section: string | undefined): string | number {
  return section === 'projects' ? 'orders' : section === 'connections' ? 'warehouse' : 0;
}

function faultsAt(pattern: string, value: unknown): string[] {
  const result = read(pattern, value);
  return result.kind === 'read' ? [] : result.faults.map(({ message }) => message);
}

/** Values at the bounds that a phrase names, and just beyond them. */
function boundsOf(wants: string) {
  const [, from, to] = /from (\d+\w*) to (\d+\w*)$/.exec(wants) ?? [];
  if (from !== undefined && to !== undefined && wants.startsWith('a duration')) {
    return [{ accepted: [from, to], refused: [`${(parseDuration(from) ?? 0) - 1}ms`, beyond(to)] }];
  }
  if (from !== undefined && to !== undefined) {
    return [{ accepted: [Number(from), Number(to)], refused: [Number(from) - 1, Number(to) + 1] }];
  }
  const [, most, what] = /at most (\d+) (characters|texts)$/.exec(wants) ?? [];
  if (what === 'characters')
    return [{ accepted: ['a', 'a'.repeat(Number(most))], refused: ['', 'a'.repeat(Number(most) + 1)] }];
  if (what === 'texts') return [{ accepted: [[], texts(Number(most))], refused: [texts(Number(most) + 1)] }];
  if (wants === 'true or false') return [{ accepted: [true, false], refused: ['maybe'] }];
  if (wants === 'pause or continue') return [{ accepted: ['pause', 'continue'], refused: ['retry'] }];
  return [];
}

function beyond(bound: string): string {
  const [, amount, unit] = /^(\d+)(\w+)$/.exec(bound) ?? [];
  return `${Number(amount) + 1}${unit}`;
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `t${index}`);
}
