import { expect, test } from 'vitest';
import { addProjects } from '../../src/config/add-projects.ts';

const keys = 'projects:\n  orders: { links: [{ queue: orders }] }';
const before = '# Written by hand.\npolicy:\n  operators: [U0ALICE] # Alice\n';

test.each([
  ['has no projects', before],
  ['ends without a line break', before.trimEnd()],
  ['has an empty list of projects', `${before}projects: {}\n`],
  ['has the key without a value', `${before}projects:\n`],
])('Projects are added to a file that %s, and its text stays.', (_name, text) => {
  expect(addProjects(text, keys)).toBe(`${before}${keys}\n`);
});

test('What follows an empty list of projects stays.', () => {
  expect(addProjects(`projects: {} # none yet\n${before}`, keys)).toBe(` # none yet\n${before}${keys}\n`);
});

test.each([
  ['has projects', `${before}projects: { users: { links: [] } }\n`, keys],
  ['has connections, which are also among the keys', `connections: {}\n${before}`, `connections: { a: b }\n${keys}`],
  ['is one line of JSON', '{ "policy": { "operators": [] } }', keys],
  ['is a list', '- a\n', keys],
  ['is no YAML', 'a: [\n', keys],
])('A file that %s is left to its owner.', (_name, text, added) => {
  expect(addProjects(text, added)).toBeNull();
});
