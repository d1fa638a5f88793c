import { expect, test } from 'vitest';
import { readPolicy, setPolicy } from '../../src/config/set-policy.ts';

const rest = '# By hand.\nsettings: { observeEvery: 5s } # fast\nprojects: {}\n';

test.each([
  ['one line', 'policy:\n  operators: [U0ALICE] # Alice\n', 'policy:\n  operators: [U0BOB, S0OPS] # Alice\n'],
  [
    'one id a line',
    'policy:\n  operators:\n    - U0ALICE\n    - U0CAROL\n  channels: []\n',
    'policy:\n  operators:\n    - U0BOB\n    - S0OPS\n  channels: []\n',
  ],
  [
    'no operators in the policy',
    'policy:\n  # where\n  channels: [] # any\n',
    'policy:\n  # where\n  operators: [U0BOB, S0OPS]\n  channels: [] # any\n',
  ],
  ['a policy in brackets', 'policy: { operators: [U0ALICE] }\n', 'policy: { operators: [U0BOB, S0OPS] }\n'],
])('Operators are set in a file with %s, and the rest stays.', (_name, before, after) => {
  const { channel } = readPolicy(before + rest);
  expect(setPolicy(before + rest, { operators: ['U0BOB', 'S0OPS'], channel })).toBe(after + rest);
});

test('A file without a policy gets it at its end.', () => {
  expect(setPolicy(rest.trimEnd(), { operators: ['U0BOB'], channel: null })).toBe(
    `${rest}policy:\n  operators: [U0BOB]\n`,
  );
});

test.each([
  [
    'the channel',
    'defaults:\n  channel: C0OLD # here\n  adopt: true\n',
    'defaults:\n  channel: C0NEW # here\n  adopt: true\n',
  ],
  ['other defaults', 'defaults:\n  adopt: true\n', 'defaults:\n  channel: C0NEW\n  adopt: true\n'],
])('The channel is set in a file with %s, and the rest stays.', (_name, before, after) => {
  expect(setPolicy(before + rest, { operators: [], channel: 'C0NEW' })).toBe(after + rest);
});

test('The same answers change nothing, whatever the form of the file is.', () => {
  const text = `policy:\n  operators:\n    - \${ALICE} # Alice\n    - U0BOB\n${rest}`;
  expect(readPolicy(text)).toEqual({ operators: [expect.stringContaining('ALICE}'), 'U0BOB'], channel: null });
  expect(setPolicy(text, readPolicy(text))).toBe(text);
});

test.each([
  ['comments among the operators', 'policy:\n  operators:\n    - U0ALICE # Alice\n    - U0CAROL\n', null],
  ['an alias of the operators', 'policy:\n  operators: &ops [U0ALICE]\nx: *ops\n', null],
  ['an empty section', 'policy:\n', null],
  ['brackets around the whole file', '{ "policy": {} }', null],
  ['a channel that has to go', 'defaults:\n  channel: C0OLD\n', null],
])('A file with %s is left to its owner.', (_name, text, channel) => {
  expect(setPolicy(text, { operators: ['U0BOB'], channel })).toBeNull();
});
