import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../demo/arguments.ts';
import { findLocalSlack } from '../../demo/local-slack.ts';
import { formatDemoCommand, parseSlackPort } from '../../demo/slack-port.ts';

describe('words and numbers', () => {
  test.each([
    [[], { kind: 'run' }],
    [['--help'], { kind: 'help' }],
    [['fix', 'payments', '-h'], { kind: 'help' }],
    [['fix', 'payments'], { kind: 'fix', project: 'payments' }],
    [['compare'], { kind: 'compare', project: null }],
    [['compare', 'orders'], { kind: 'compare', project: 'orders' }],
  ] as const)('%j is understood', (args, command) => {
    expect(parseArguments(args)).toEqual(command);
  });

  test.each([
    [['mend'], 'The demo does not know "mend": use fix, compare or --help, or nothing to start it.'],
    [['fix'], 'Say which project to fix: `npm run demo -- fix payments`.'],
    [['fix', 'payment'], 'The demo does not know a project "payment": did you mean payments?'],
    [['fix', 'payments', 'orders'], 'The demo does not know "orders": fix takes one project.'],
    [['compare', 'x'], 'The demo does not know a project "x": its projects are orders, users, invoices, payments.'],
  ] as const)('%j is a sentence', (args, message) => {
    expect(() => parseArguments(args)).toThrow(expect.objectContaining({ exitCode: 2, message }));
  });

  test.each(['http', '0', '65536', '3000.5', '-1'])('DEMO_SLACK_PORT=%s is a sentence', (port) => {
    const message = 'DEMO_SLACK_PORT is no port: set it to a number from 1 to 65535, such as 3000.';
    expect(() => parseSlackPort(port)).toThrow(expect.objectContaining({ exitCode: 2, message }));
  });

  test('the port is 3000 unless set, and goes into every command that is suggested', () => {
    expect([parseSlackPort(), parseSlackPort(' '), parseSlackPort('3100')]).toEqual([3_000, 3_000, 3_100]);
    expect(formatDemoCommand(3_000, 'compare')).toBe('npm run demo -- compare');
    expect(formatDemoCommand(3_100, 'compare')).toBe('DEMO_SLACK_PORT=3100 npm run demo -- compare');
  });
});

test.each([
  ['darwin', 'arm64', /^The demo does not run on darwin-arm64: [^\n]+\.$/],
  ['linux', 'x64', /^The demo needs the package local-slack-linux-x64, [^\n]+\.$/],
])('without a local Slack for %s-%s there is one sentence', (platform, arch, message) => {
  const resolve = (): never => {
    throw new Error('Cannot find module');
  };
  expect(() => findLocalSlack({ platform, arch, resolve })).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }),
  );
});
