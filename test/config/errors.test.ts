import { expect, test } from 'vitest';
import { formatConfigError, formatEnvironmentError, formatPath, toPrintable } from '../../src/config/errors.ts';
import { configErrors } from './config-fixture.ts';

test('An error is one line: file, line, path, message and hint.', () => {
  const error = { path: 'projects.orders', line: 7, message: 'is empty', hint: 'Write more.' };
  expect(formatConfigError('a.yml', error)).toBe('a.yml:7: projects.orders is empty. Write more.');
  expect(formatConfigError('a.yml', { ...error, hint: null })).toBe('a.yml:7: projects.orders is empty.');
  expect(formatConfigError('a.yml', { ...error, path: '', message: 'The file is empty' })).toBe(
    'a.yml:7: The file is empty. Write more.',
  );
  expect(formatEnvironmentError({ name: 'PORT', message: 'is wrong', hint: 'Write 1.' })).toBe(
    'PORT is wrong. Write 1.',
  );
});

test('A path has dots before keys and brackets around indices.', () => {
  expect(formatPath([])).toBe('');
  expect(formatPath(['projects', 'orders', 'links', 0, 'queue'])).toBe('projects.orders.links[0].queue');
  expect(formatPath([1, 'a'])).toBe('[1].a');
});

test('Keys of the user are printable and at most 80 characters long.', () => {
  expect(toPrintable('a\nb\u200bc\u2028d\u2029e\ud800f ä')).toBe('a?b?c?d?e?f ä');
  expect(toPrintable('x'.repeat(80))).toBe('x'.repeat(80));
  expect(toPrintable('x'.repeat(81))).toBe(`${'x'.repeat(79)}…`);
});

const brace = '$' + '{';

test.each([
  ['a: 1\na: 2', 2, 'This key appears twice', 'Remove or rename one of them.'],
  ['? [a]\n: 1', 1, 'A key is not plain text', 'Write keys as plain text.'],
  ['a:\n\tb: 1', 2, 'A tab is used for indentation', 'Use spaces.'],
  ['a: 1\n---\nb: 1', 2, 'A second YAML document starts here', 'Write one document, without `---`.'],
  ['a: 1\nb: !x 1', 2, 'The YAML tag (`!…`) is unknown', 'Write plain values.'],
  ['a: 1\nb: *b', 2, 'The alias (`*…`) has no anchor (`&…`) above it', 'Put text that starts with * in quotes.'],
  [`a: 1\nb: { c: ${brace}D} }`, 2, expect.any(String), `Put "${brace}NAME}" in quotes inside { } and [ ].`],
  ['a: "b', 1, 'This is not valid YAML (missing char)', null],
  ['', 1, 'The file is empty', 'Write at least `projects: {}`.'],
  ['- a', 1, 'The file is not a section with keys', 'Write keys such as `projects:`.'],
])('A file that YAML does not allow is refused: %j', (text, line, message, hint) => {
  expect(configErrors(text)[0]).toEqual({ path: '', line, message, hint });
});

test('A file whose aliases multiply is refused.', () => {
  const levels = Array.from({ length: 9 }, (_, n) => `x${n + 1}: &x${n + 1} [${Array(9).fill(`*x${n}`).join(', ')}]`);
  expect(configErrors(`x0: &x0 [a]\n${levels.join('\n')}`)).toEqual([
    { path: '', line: 1, message: 'The file is nested too deeply or has too many aliases', hint: null },
  ]);
});

test('One mistake in a line is reported once.', () => {
  const lines = configErrors('a: {b\nc: }d\ne: ]').map(({ line }) => line);
  expect(lines.length).toBeGreaterThan(0);
  expect(new Set(lines).size).toBe(lines.length);
});

test.each(['A', '_', 'a1', '_9z'])('The variable %s is replaced wherever it is in a value.', (name) => {
  const text = `projects: { orders: { labels: ['x${brace}${name}}y'], links: [{ queue: 1 }] } }`;
  expect(configErrors(text, { [name]: 'v' }).map(({ path }) => path)).toEqual(['projects.orders.links[0].queue']);
});

test.each(['', '1A', 'A-B', 'A B', 'Ä'])('A reference to the variable %j is refused, with its path.', (name) => {
  const text = `projects:\n  orders:\n    labels: [a, "${brace}${name}}"]\n    links: [{ queue: q }]`;
  expect(configErrors(text)).toEqual([
    {
      path: 'projects.orders.labels[1]',
      line: 3,
      message: `has a ${brace} without a valid variable name`,
      hint: `Write ${brace}NAME} for a variable, or $${brace} for the characters ${brace}.`,
    },
  ]);
});

test('A reference without an end is refused, and keys are not replaced.', () => {
  const text = `projects:\n  orders:\n    description: "${brace}A"\n    "${brace}A}": 1\n    links: [{ queue: q }]`;
  expect(configErrors(text, { A: 'adopt' }).map(({ path }) => path)).toEqual([
    'projects.orders.description',
    `projects.orders.${brace}A}`,
  ]);
});

test('A variable without a value is named with its hint.', () => {
  expect(configErrors(`projects: { orders: { labels: ["${brace}A}"], links: [{ queue: q }] } }`, {})).toMatchObject([
    { message: 'needs the variable A, which is not set', hint: 'Set A in the environment.' },
  ]);
});
