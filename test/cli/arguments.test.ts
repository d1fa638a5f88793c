import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { runCliInProcess, writeConfigFile } from './cli-fixture.ts';

const parseLine = (line: string) => {
  const parsed = parseArguments(line.split(' '), '1.2.3');
  return parsed.kind === 'command' ? parsed.command : parsed;
};

describe('arguments', () => {
  const options = { reason: null, timeoutMs: 60_000, wait: null, yes: false, json: false };
  const applyOptions = { prune: false, plan: false, json: false, yes: false };
  const actionCommand = { name: 'change', project: 'orders', tasks: [], limit: null, whenCaughtUp: false, ...options };
  const historyCommand = { name: 'history', project: null, all: false, since: null, limit: null, json: false };
  test.each([
    ['run', { name: 'run', role: 'all' }],
    ['run --role worker', { name: 'run', role: 'worker' }],
    ['apply', { name: 'apply', files: [], ...applyOptions }],
    [
      'apply other.yml more --prune --yes',
      { name: 'apply', files: ['other.yml', 'more'], ...applyOptions, prune: true, yes: true },
    ],
    ['apply --plan --json', { name: 'apply', files: [], ...applyOptions, plan: true, json: true }],
    ['list', { name: 'list', filter: '', limit: null, json: false }],
    ['list not started --limit 5 --json', { name: 'list', filter: 'not started', limit: 5, json: true }],
    ['show orders --json', { name: 'show', project: 'orders', json: true }],
    ['precheck orders', { name: 'precheck', project: 'orders', json: false }],
    ['history orders --json', { ...historyCommand, project: 'orders', json: true }],
    ['history --since 2h', { ...historyCommand, since: { kind: 'ago', ms: 7_200_000 } }],
    [
      'history --all --since 30d --limit 10',
      { ...historyCommand, all: true, since: { kind: 'ago', ms: 30 * 86_400_000 }, limit: 10 },
    ],
    ['history --since 1764331200000', { ...historyCommand, since: { kind: 'instant', at: 1_764_331_200_000 } }],
    ['history --since yesterday', { ...historyCommand, since: { kind: 'clock', day: 'yesterday', minutes: 0 } }],
    ['start orders', { ...actionCommand, action: 'start' }],
    [
      'pause orders --yes --timeout 5m --reason why',
      { ...actionCommand, action: 'pause', yes: true, timeoutMs: 300_000, reason: 'why' },
    ],
    [
      'pause orders --wait-quiet 5m',
      { ...actionCommand, action: 'pause', wait: { goal: 'quiet', ms: 300_000 }, timeoutMs: 300_000 },
    ],
    [
      'restore orders --wait-caught-up 30s --timeout 2s',
      { ...actionCommand, action: 'restore', wait: { goal: 'caught_up', ms: 30_000 }, timeoutMs: 2_000 },
    ],
    [
      'pause orders --when-caught-up',
      { ...actionCommand, action: 'pause', whenCaughtUp: true, timeoutMs: 31 * 60_000 },
    ],
    ['pause label:prod --when-caught-up', expect.objectContaining({ name: 'change-batch', whenCaughtUp: true })],
    ['start orders --wait-caught-up 24h', expect.objectContaining({ wait: { goal: 'caught_up', ms: 86_400_000 } })],
    ['restore orders', { ...actionCommand, action: 'restore' }],
    ['resume orders', { ...actionCommand, action: 'restore' }],
    [
      'restore orders --skip 7 --skip orders-full/9',
      { ...actionCommand, action: 'restore', tasks: ['7', 'orders-full/9'] },
    ],
    ['skipped orders --json', { name: 'skipped', project: 'orders', json: true }],
    ['retry orders', { ...actionCommand, action: 'retry' }],
    ['retry orders 7 9 --yes', { ...actionCommand, action: 'retry', tasks: ['7', '9'], yes: true }],
    ['cancel orders', { name: 'cancel', project: 'orders', json: false }],
    ['keep-paused orders --json', { name: 'keep-paused', project: 'orders', json: true }],
    ['discover', { name: 'discover', connection: null, prefix: null, output: null, maxKeys: 5_000_000, json: false }],
    [
      'discover --connection warehouse --prefix bull --output x.yml --max-keys 10 --json',
      { name: 'discover', connection: 'warehouse', prefix: 'bull', output: 'x.yml', maxKeys: 10, json: true },
    ],
    ['doctor --json', { name: 'doctor', json: true }],
  ])('are parsed: %s', (line, command) => {
    expect(parseLine(line)).toEqual(command);
  });

  test('always give a command, a help text or an error message', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'run',
        'pause',
        'list',
        '--json',
        '--',
        '--timeout',
        '--since',
        'yesterday',
        '--role',
        '-h',
        'help',
        '--reason',
        'orders',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        const parsed = parseArguments(argv, '1.2.3');
        if (parsed.kind === 'invalid') expect(parsed.message).toMatch(/\S/);
      }),
    );
  });
});

describe('usage', () => {
  test('--help and --version print to stdout with exit code 0', async () => {
    expect(await runCliInProcess(['--version'])).toEqual({ exit: 0, out: '1.2.3\n', err: '' });
    const help = await runCliInProcess(['--help']);
    expect(help).toMatchObject({ exit: 0, err: '' });
    for (const command of [
      'run',
      'apply',
      'list',
      'show',
      'precheck',
      'history',
      'start',
      'pause',
      'restore',
      'cancel',
      'keep-paused',
      'doctor',
    ]) {
      expect(help.out).toContain(`\n  ${command}`);
    }
    expect(help.out).toMatch(/\nExit codes: 0 done; 1 refused, .*; 2 invalid usage/);
    const pauseHelp = (await runCliInProcess(['pause', '--help'])).out;
    expect(pauseHelp).toContain('--timeout');
    expect(pauseHelp).toMatch(/--wait-quiet <duration>[\s\S]*With --wait-…: 3 the time is over/);
  });

  test.each([
    [[]],
    [['pase', 'orders']],
    [['history', '--since', 'noon']],
    [['history', 'orders', 'users']],
    [['history', 'orders', '--all']],
    [['history', '--since', '0h']],
    [['pause']],
    [['pause', 'orders', 'users', '--yes']],
    [['pause', 'orders', '--timeout', 'soon', '--yes']],
    [['pause', 'orders', '--reason', 'x'.repeat(301), '--yes']],
    [['pause', 'orders', '--wait-caught-up', '5m', '--yes']],
    [['restore', 'orders', '--wait-quiet', '5m', '--yes']],
    [['retry', 'orders', '--wait-caught-up', '5m', '--yes']],
    [['run', '--role', 'boss']],
    [['list', '--nope']],
  ])('invalid arguments give exit code 2 and a message on stderr: %j', async (argv) => {
    const result = await runCliInProcess(argv);
    expect(result).toMatchObject({ exit: 2, out: '' });
    expect(result.err).toMatch(/\S/);
  });

  test.each(['0', '-1', '1.5', 'many', '100001'])('a limit of %s is not one', async (limit) => {
    for (const command of ['list', 'history'])
      expect(await runCliInProcess([command, `--limit=${limit}`])).toMatchObject({
        exit: 2,
        err: expect.stringContaining('Write a whole number from 1 to 100,000.'),
      });
  });

  test.each(['0s', '25h', '5', 'soon'])('a wait of %s is not one', async (duration) => {
    const result = await runCliInProcess(['pause', 'orders', '--yes', '--wait-quiet', duration]);
    expect(result).toMatchObject({ exit: 2, err: expect.stringContaining('Write a duration from 1s to 24h') });
  });

  test('with --json, a usage error is { code, message }', async () => {
    const result = await runCliInProcess(['pase', 'orders', '--json']);
    expect(result.exit).toBe(2);
    expect(JSON.parse(result.err)).toEqual({ code: 'usage', message: expect.stringContaining('Did you mean pause?') });
  });

  test('a change without a terminal and without --yes gives exit code 2 before an app is created', async () => {
    expect(await runCliInProcess(['pause', 'orders'])).toMatchObject({
      exit: 2,
      err: expect.stringContaining('--yes'),
    });
  });
});

describe('configuration', () => {
  test('reports every error of the environment at once, with exit code 2', async () => {
    const result = await runCliInProcess(['list'], { env: { REDIS_URL: 'nowhere', PORT: 'x' } });
    expect(result.exit).toBe(2);
    expect(result.err).toMatch(/^PORT .*\n.*REDIS_URL |^REDIS_URL .*\n.*PORT /m);
  });

  test('reports every error of the file at once, with its line and exit code 2', async () => {
    await using file = await writeConfigFile('projects:\n  pause: { links: [] }\nx: 1\n');
    const result = await runCliInProcess(['list', '--json'], { env: file.env });
    expect(result.exit).toBe(2);
    const errorJson = JSON.parse(result.err);
    expect(errorJson.code).toBe('configuration');
    expect(errorJson.message.split('\n')).toEqual([
      expect.stringContaining(`${file.path}:2: projects.pause.links `),
      expect.stringContaining(`${file.path}:2: projects.pause `),
      expect.stringContaining(`${file.path}:3: x is an unknown key`),
    ]);
  });

  test('reports a file that does not exist', async () => {
    const result = await runCliInProcess(['apply', '/nowhere/syncbot.yml']);
    expect(result).toMatchObject({ exit: 2, err: expect.stringContaining('/nowhere/syncbot.yml does not exist') });
  });

  test('names the missing tokens of the bot, with exit code 2', async () => {
    await using file = await writeConfigFile('projects: {}\n');
    const app = { [Symbol.asyncDispose]: async () => {} };
    const result = await runCliInProcess(['run'], { env: file.env, openApp: async () => app as never });
    expect(result).toMatchObject({ exit: 2, err: expect.stringMatching(/SLACK_BOT_TOKEN[\s\S]*SLACK_APP_TOKEN/) });
  });
});
