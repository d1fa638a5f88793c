import { describe, expect, test } from 'vitest';
import { formatDemoCommand, parseArguments, parseSlackPort } from '../../demo/arguments.ts';
import { findLocalSlack } from '../../demo/local-slack.ts';

describe('the arguments of the demo', () => {
  test.each([
    [[], { kind: 'run' }],
    [['--help'], { kind: 'help' }],
    [['fix', 'payments', '-h'], { kind: 'help' }],
    [['fix', 'payments'], { kind: 'fix', project: 'payments' }],
    [['break', 'orders'], { kind: 'break', project: 'orders' }],
    [['compare'], { kind: 'compare', project: null }],
    [['compare', 'orders'], { kind: 'compare', project: 'orders' }],
  ] as const)('%j is the command %j', (args, command) => {
    expect(parseArguments(args)).toEqual(command);
  });

  test.each([
    [['repair'], 'Unknown command "repair": use fix, break, compare or --help, or no argument to start the demo.'],
    [['fix'], 'The project is missing: use `npm run demo -- fix payments`.'],
    [['break'], 'The project is missing: use `npm run demo -- break payments`.'],
    [['fix', 'payment'], 'Unknown project "payment": did you mean payments?'],
    [['fix', 'payments', 'orders'], 'Unknown argument "orders": fix takes one project.'],
    [['compare', 'x'], 'Unknown project "x": the demo\'s projects are orders, users, invoices, payments.'],
  ] as const)('%j is refused with exit code 2 and one sentence', (args, message) => {
    expect(() => parseArguments(args)).toThrow(expect.objectContaining({ exitCode: 2, message }));
  });
});

describe('DEMO_SLACK_PORT', () => {
  test.each(['http', '0', '65536', '3000.5', '-1'])('%s is refused with exit code 2 and one sentence', (port) => {
    const message = 'DEMO_SLACK_PORT is not a port: set it to a number from 1 to 65535, such as 3000.';
    expect(() => parseSlackPort(port)).toThrow(expect.objectContaining({ exitCode: 2, message }));
  });

  test('has the default 3000, and any other port is part of the suggested commands', () => {
    expect([parseSlackPort(), parseSlackPort(' '), parseSlackPort('3100')]).toEqual([3_000, 3_000, 3_100]);
    expect(formatDemoCommand(3_000, 'compare')).toBe('npm run demo -- compare');
    expect(formatDemoCommand(3_100, 'compare')).toBe('DEMO_SLACK_PORT=3100 npm run demo -- compare');
  });
});

test.each([
  ['darwin', 'arm64', /^The demo does not run on darwin-arm64: [^\n]+\.$/],
  ['linux', 'x64', /^The package local-slack-linux-x64 is not installed: [^\n]+\.$/],
])('a missing local Slack for %s-%s gives one sentence', (platform, arch, message) => {
  const resolve = (): never => {
    throw new Error('Cannot find module');
  };
  expect(() => findLocalSlack({ platform, arch, resolve })).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }),
  );
});
