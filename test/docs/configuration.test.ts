import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { environmentVariables, parseEnvironment } from '../../src/config/environment.ts';
import { configKeys } from '../../src/config/key-docs.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { parseDuration } from '../../src/lib/parse-duration.ts';
import { configurationPage } from './configuration-page.ts';

const file = new URL('../../docs/configuration.md', import.meta.url);

test('docs/configuration.md is up to date with the schemas', async () => {
  await expect(configurationPage()).toMatchFileSnapshot(file.pathname);
});

test('each key and each variable has a description', () => {
  const undocumentedKeys = configKeys.filter(
    ({ expected, description, pathPattern }) => !expected || (!description && !isItem(pathPattern)),
  );
  expect(undocumentedKeys.map(({ pathPattern }) => pathPattern)).toEqual([]);
  expect(environmentVariables.filter(({ hint, description }) => hint === '' || description === '')).toEqual([]);
});

/** The rows of the page: key, default and value. */
const rows = [...readFileSync(file, 'utf8').matchAll(/^\| `([a-zA-Z.*]+)` \| (?:`(.*?)`|(required)|) \| (.*?) \|/gm)]
  .filter(([, pattern]) => configKeys.some(({ pathPattern }) => pathPattern === pattern))
  .map(([, pattern = '', defaultValue, required, value = '']) => ({
    pattern,
    defaultValue,
    isRequired: required !== undefined,
    value,
  }));

test('the page has a row for each key', () => {
  expect(rows.map(({ pattern }) => pattern)).toEqual(configKeys.map(({ pathPattern }) => pathPattern));
});

describe('the code agrees with the page', () => {
  test.each(rows.filter(({ defaultValue }) => defaultValue !== undefined))(
    '$pattern is $defaultValue if it is not set',
    (row) => {
      const unset = parseWithValue(row.pattern, undefined);
      expect(unset.kind).toBe('read');
      expect(parseWithValue(row.pattern, parse(row.defaultValue ?? ''))).toEqual(unset);
    },
  );

  test.each(rows.filter(({ isRequired }) => isRequired))('$pattern is required', ({ pattern }) => {
    expect(errorsAt(pattern, undefined)).toEqual(['is missing']);
  });

  const boundedKeys = rows.flatMap((row) => boundsOf(row.value).map((bound) => ({ ...row, ...bound })));
  test('the page contains bounds', () => expect(boundedKeys.length).toBeGreaterThanOrEqual(14));

  test.each(boundedKeys)('$pattern accepts $value, and nothing beyond', ({ pattern, accepted, refused }) => {
    for (const value of accepted) expect(errorsAt(pattern, value)).toEqual([]);
    for (const value of refused) expect(errorsAt(pattern, value)).toHaveLength(1);
  });
});

test.each(environmentVariables.filter(({ defaultValue }) => defaultValue !== null))(
  '$name is $defaultValue if it is not set',
  (variable) => {
    const unset = parseEnvironment({});
    expect(unset.kind).toBe('read');
    const explicitDefault = parseEnvironment({ [variable.name]: variable.defaultValue ?? '' });
    expect(explicitDefault).toEqual(unset);
    expect(JSON.stringify(redisEndpointOf(explicitDefault))).toBe(JSON.stringify(redisEndpointOf(unset)));
  },
);

test.each([
  ['PORT', '0', '65535', '65536'],
  ['ADMIN_PORT', '0', '65535', '65536'],
  ['SLACK_COMMAND', '/s', `/${'s'.repeat(31)}`, `/${'s'.repeat(32)}`],
])('%s has the bounds that its hint names', (name, minimum, maximum, aboveMaximum) => {
  const hint = environmentVariables.find((variable) => variable.name === name)?.hint;
  expect(hint).toContain(/^\d/.test(maximum) ? maximum : String(maximum.length - 1));
  for (const value of [minimum, maximum]) expect(parseEnvironment({ [name]: value }).kind).toBe('read');
  expect(parseEnvironment({ [name]: aboveMaximum }).kind).toBe('refused');
});

function redisEndpointOf(read: ReturnType<typeof parseEnvironment>) {
  return read.kind === 'read' ? read.environment.secrets.redis : null;
}

/** Entries of lists and names chosen by the user need no description beside that of their parent. */
function isItem(pattern: string): boolean {
  return pattern.endsWith('*');
}

/** Parses a valid file in which one key has this value; undefined removes the key. */
function parseWithValue(pattern: string, value: unknown) {
  const labels = pattern.startsWith('labels') ? { labels: ['prod'] } : {};
  const file: Record<string, unknown> = { projects: { orders: { ...labels, links: [{ queue: 'orders-full' }] } } };
  const path = pattern
    .split('.')
    .map((key, depth, keys) => (key !== '*' ? key : placeholderBelow(keys.slice(0, depth).join('.'))));
  let parent: Record<string | number, unknown> = file;
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const empty = path[depth + 1] === 0 ? [] : {};
    parent[key] ??= requiredKeys(path.slice(0, depth + 1)) ?? empty;
    parent = parent[key] as Record<string | number, unknown>;
  }
  const last = path.at(-1) ?? '';
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  const parsed = parseConfig(stringify(file), {});
  return parsed.kind === 'read' ? { kind: parsed.kind, config: parsed.config } : parsed;
}

function requiredKeys(path: readonly (string | number)[]): object | undefined {
  const key = path.at(-1);
  if (key === 'source' || key === 'target') return { type: 'mysql', name: 'orders-db' };
  if (key === 'waves') return { size: 5 };
  if (path.at(-2) === 'digest') return { at: '09:00', timezone: 'UTC', channel: 'C0123' };
  return path.at(-2) === 'onCall' ? { mention: ['S0123'] } : undefined;
}

function placeholderBelow(section: string): string | number {
  const names: Readonly<Record<string, string>> = { projects: 'orders', connections: 'warehouse', labels: 'prod' };
  return names[section] ?? 0;
}

function errorsAt(pattern: string, value: unknown): string[] {
  const result = parseWithValue(pattern, value);
  return result.kind === 'read' ? [] : result.errors.map(({ message }) => message);
}

/** Returns values at the bounds that a phrase names, and values just beyond them. */
function boundsOf(phrase: string) {
  const [, from, to] = /from (\d+\w*) to (\d+\w*)$/.exec(phrase) ?? [];
  if (from !== undefined && to !== undefined && phrase.startsWith('a duration')) {
    return [{ accepted: [from, to], refused: [`${(parseDuration(from) ?? 0) - 1}ms`, aboveBound(to)] }];
  }
  if (from !== undefined && to !== undefined) {
    return [{ accepted: [Number(from), Number(to)], refused: [Number(from) - 1, Number(to) + 1] }];
  }
  const [, maximum, what] = /at most (\d+) (characters|texts)$/.exec(phrase) ?? [];
  if (what === 'characters')
    return [{ accepted: ['a', 'a'.repeat(Number(maximum))], refused: ['', 'a'.repeat(Number(maximum) + 1)] }];
  if (what === 'texts') return [{ accepted: [[], texts(Number(maximum))], refused: [texts(Number(maximum) + 1)] }];
  if (phrase === 'true or false') return [{ accepted: [true, false], refused: ['maybe'] }];
  if (phrase === 'pause or continue') return [{ accepted: ['pause', 'continue'], refused: ['retry'] }];
  return [];
}

function aboveBound(bound: string): string {
  const [, amount, unit] = /^(\d+)(\w+)$/.exec(bound) ?? [];
  return `${Number(amount) + 1}${unit}`;
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `t${index}`);
}
