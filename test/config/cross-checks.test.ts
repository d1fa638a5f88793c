import { describe, expect, test } from 'vitest';
import { configErrors, projectYaml } from './config-fixture.ts';

describe('a link in two places', () => {
  const twoProjects = (first: string, second: string) =>
    configErrors(
      `connections: { a: 'redis://u:p@h:6379/1', b: 'redis://h/1', c: 'redis://h/2', d: 'redis://localhost:6379' }\nprojects:\n${projectYaml('one', first)}${projectYaml('two', second)}`,
    );

  test.each([
    ['{ queue: q }', '{ queue: q }'],
    ['{ queue: q }', '{ queue: q, connection: default, prefix: bull }'],
    ['{ queue: q, connection: a }', '{ queue: q, connection: b }'],
    ['{ queue: q }', '{ queue: q, connection: d }'],
  ])('is refused: %s and %s', (first, second) => {
    expect(twoProjects(first, second)).toMatchObject([
      { path: 'projects.two.links[0]', line: 8, message: 'is already a link of project one' },
    ]);
  });

  test.each([
    ['{ queue: q }', '{ queue: q, prefix: other }'],
    ['{ queue: q, connection: a }', '{ queue: q, connection: c }'],
    ['{ queue: q }', '{ queue: Q }'],
  ])('is not the same link: %s and %s', (first, second) => {
    expect(twoProjects(first, second)).toEqual([]);
  });

  test('is refused within one project, also while another key has an error', () => {
    const text = 'projects:\n  one:\n    labels: 3\n    links: [{ queue: q }, { queue: q }]\n';
    expect(configErrors(text).map(({ message }) => message)).toEqual([
      'is not a list',
      'is listed twice in this project',
    ]);
  });

  test('is refused if a connection has the URL of REDIS_URL', () => {
    const text = `connections: { same: 'redis://main:6379' }\nprojects:\n${projectYaml('one', '{ queue: q }')}${projectYaml('two', '{ queue: q, connection: same }')}`;
    expect(configErrors(text, { REDIS_URL: 'redis://main' })).toHaveLength(1);
    expect(configErrors(text, {})).toHaveLength(0);
  });

  test('is refused if a connection has the default URL, because REDIS_URL is empty', () => {
    const text = `connections: { same: ' redis://localhost ' }\nprojects:\n${projectYaml('one', '{ queue: q }')}${projectYaml('two', '{ queue: q, connection: same }')}`;
    expect(configErrors(text, { REDIS_URL: ' ' })).toHaveLength(1);
  });

  test('is not assumed for connections whose URLs are not valid', () => {
    const text = `connections: { a: 5, b: elsewhere }\nprojects:\n${projectYaml('one', '{ queue: q, connection: a }')}${projectYaml('two', '{ queue: q, connection: b }')}`;
    expect(configErrors(text).map(({ path, message }) => `${path} ${message}`)).toEqual([
      'connections.a is not text',
      'connections.b is not a Redis URL',
    ]);
  });
});

test('an unknown connection is reported at its key', () => {
  expect(configErrors(`projects:\n${projectYaml('one', '{ queue: q, connection: far }')}`)).toMatchObject([
    { path: 'projects.one.links[0].connection', message: 'is not one of the connections' },
  ]);
});

test('names that JavaScript treats specially are refused like other invalid names', () => {
  const text = `connections:\n  __proto__: redis://a\nprojects:\n${projectYaml('__proto__')}`;
  expect(configErrors(text)).toMatchObject([
    { path: 'connections.__proto__', line: 2, message: 'is not a valid name of a connection' },
    { path: 'projects.__proto__', line: 4, message: 'is not a valid project id' },
  ]);
});

test.each(['__proto__', 'constructor', 'toString'])('the variable %s is not set', (name) => {
  expect(configErrors(`projects:\n${projectYaml('orders', `{ queue: "\${${name}}" }`)}`)).toMatchObject([
    { message: `needs the variable ${name}, which is not set` },
  ]);
});

test("a link cannot have the prefix of the bot's own queues", () => {
  expect(configErrors(`projects:\n${projectYaml('one', "{ queue: q, prefix: '{syncbot}' }")}`)).toMatchObject([
    { path: 'projects.one.links[0].prefix' },
  ]);
  const own = `projects:\n${projectYaml('one', "{ queue: q, prefix: '{staging}' }")}`;
  expect(configErrors(own)).toEqual([]);
  expect(configErrors(own, { SYNCBOT_PREFIX: ' staging ' })).toMatchObject([
    { path: 'projects.one.links[0].prefix', hint: expect.stringContaining('bull') },
  ]);
  const ofDefault = `projects:\n${projectYaml('one', "{ queue: q, prefix: '{syncbot}' }")}`;
  expect(configErrors(ofDefault, { SYNCBOT_PREFIX: 'staging' })).toHaveLength(1);
});
