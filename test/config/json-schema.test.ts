import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { blocksOf, pageNames, readPage } from '../docs/pages.ts';
import { configErrors, fullConfig } from './config-fixture.ts';

const file = new URL('../../syncbot.schema.json', import.meta.url).pathname;

test('syncbot.schema.json is up to date with the schemas in src/config', async () => {
  await expect(`${JSON.stringify(configJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(file);
});

const validate = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true }).compile(configJsonSchema());
const schemaErrors = (text: string) => {
  validate(parse(text));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
};

const examples = pageNames.flatMap((name) =>
  blocksOf(readPage(name), 'yaml')
    .map(({ text }) => text)
    .filter((text) => /^projects:/m.test(text))
    .map((text) => ({ name, text })),
);

describe('the schema accepts', () => {
  test('a file with every key', () => expect(schemaErrors(fullConfig)).toEqual([]));

  test('there are examples in the documentation', () => expect(examples.length).toBeGreaterThan(8));
  test.each(examples)('the example of $name: $text', ({ text }) => expect(schemaErrors(text)).toEqual([]));

  test.each([
    'policy:\nprojects: {}',
    'projects: { orders: { channel: , labels: , links: [{ queue: q, prefix: }] } }',
    'settings: { auditLength: "$' + '{N}", showErrors: "$' + '{S}", observeEvery: "$' + '{E}" }\nprojects: {}',
    'settings: { pausedReminder: off, waves: { size: 5 } }\nprojects: {}',
  ])('%j', (text) => {
    expect(configErrors(text, { N: '200', S: 'true', E: '5s' })).toEqual([]);
    expect(schemaErrors(text)).toEqual([]);
  });
});

test.each([
  ['an unknown section', 'polcy: {}\nprojects: {}'],
  ['an unknown key of a project', 'projects: { orders: { chanel: C0, links: [{ queue: q }] } }'],
  ['a missing key', 'projects: { orders: { links: [{ prefix: bull }] } }'],
  ['no projects', 'policy: { operators: [U0123] }'],
  ['a duration without a unit', 'settings: { observeEvery: "5" }\nprojects: {}'],
  ['a name instead of an id', 'defaults: { channel: general }\nprojects: {}'],
  ['another value than those of a list', 'labels: { prod: { onFailure: retry } }\nprojects: {}'],
  ['an id that is not valid', 'projects: { Orders: { links: [{ queue: q }] } }'],
  ['no link', 'projects: { orders: { links: [] } }'],
])('the schema refuses %s, as syncbot does', (_what, text) => {
  expect(configErrors(text)).not.toEqual([]);
  expect(schemaErrors(text)).not.toEqual([]);
});
