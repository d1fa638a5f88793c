import { EventEmitter } from 'node:events';
import { createServer } from 'node:net';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { openApp } from '../src/app.ts';
import { runCli } from '../src/cli/run-cli.ts';
import { freePort } from '../src/demo/free-port.ts';
import { SlackRefused } from '../src/slack/refused.ts';
import { configFile, runHere } from './cli/shell.ts';
import { peopleOf } from './support/conversation.ts';
import { listenHere } from './support/listen.ts';
import { httpEnv, socketEnv } from './support/slack/env.ts';
import { StrictSlack } from './support/slack/strict-slack.ts';
import { waitFor } from './support/wait.ts';
import { openWorld } from './support/world.ts';

test('the real app: apply, a worker that pauses, SIGTERM ends it with exit 0', async () => {
  await using world = await openWorld();
  const link = await world.link('orders');
  await using file = await configFile('projects: { orders: { adopt: true, links: [{ queue: orders }] } }\n');
  const env = { ...file.env, REDIS_URL: world.url };
  expect(await runHere(['apply', '--yes'], { env, openApp })).toMatchObject({ exit: 0, err: '' });
  const signals = new EventEmitter();
  const worker = runHere(['run', '--role', 'worker'], { env, openApp, signals });
  expect(await runHere(['pause', 'orders', '--yes'], { env, openApp })).toMatchObject({ exit: 0 });
  expect(await link.queue.isPaused()).toBe(true);
  expect(signals.emit('SIGTERM')).toBe(true);
  expect(await worker).toMatchObject({ exit: 0, out: '', err: expect.stringContaining('"msg":"stopped"') });
});

test('run in the role all: applies the file at the first run, hears Slack, and ends cleanly', async () => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  await world.link('orders');
  await using file = await configFile(
    'policy: { operators: [U0ALICE] }\nprojects: { orders: { adopt: true, links: [{ queue: orders }] } }\n',
  );
  const env = {
    ...file.env,
    REDIS_URL: world.url,
    ...socketEnv(slack),
  };
  const signals = new EventEmitter();
  const running = runHere(['run'], { env, openApp, signals });
  await slack.connected();
  const people = peopleOf(slack);
  await people.act('pause', 'orders');
  await people.sees('is Paused', { user: 'U0BOB' });

  const doctor = await runHere(['doctor', '--json'], { env, openApp });
  expect(doctor.out).toContain('"item": "Slack bot token"');
  signals.emit('SIGTERM');
  expect(await running).toMatchObject({ exit: 0 });
  await slack.waitFor(() => slack.socketCount === 0);
  expect(slack.violations).toEqual([]);
});

test.each([
  ['a token that Slack does not take', 'xoxb-wrong', 'SLACK_BOT_TOKEN'],
  ['no token', '', 'SLACK_BOT_TOKEN'],
])('%s ends the start with a sentence and exit 2', async (_what, token, named) => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  await using file = await configFile('projects: {}\n');
  const env = {
    ...file.env,
    REDIS_URL: world.url,
    ...socketEnv(slack),
    SLACK_BOT_TOKEN: token,
  };
  expect(await runHere(['run'], { env, openApp })).toMatchObject({ exit: 2, err: expect.stringContaining(named) });
});

test('run in HTTP mode: hears Slack on PORT, doctor says what it can know, SIGTERM ends it with exit 0', async () => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  await using file = await configFile('policy: { operators: [U0ALICE] }\nprojects: {}\n');
  const port = await freePort('127.0.0.1');
  const env = { ...file.env, ...httpEnv(slack, port), REDIS_URL: world.url };
  const signals = new EventEmitter();
  const running = runHere(['run'], { env, openApp, signals });
  slack.requestUrl.url = `http://127.0.0.1:${port}/slack/events`;
  const at = { user: 'U0ALICE', channel: 'C0SYNC' };
  await slack.waitFor(async () => (await slack.command({ ...at, text: 'list' }).acked).kind === 'acked');
  await slack.waitFor(() => slack.messagesSeenBy('U0ALICE', 'C0SYNC').length > 0);

  const doctor = await runHere(['doctor', '--json'], { env, openApp });
  expect(JSON.parse(doctor.out)).toContainEqual(
    expect.objectContaining({
      item: 'way in from Slack',
      result: 'unknown',
      message: expect.stringContaining(`${port}`),
    }),
  );
  expect(doctor.out).not.toContain('Slack app token');
  signals.emit('SIGTERM');
  const ran = await running;
  expect(ran).toMatchObject({ exit: 0, err: expect.stringContaining(`"port":${port}`) });
  expect(slack.callsTo('apps.connections.open')).toEqual([]);
  expect(slack.violations).toEqual([]);
});

test('HTTP mode on a port that is taken ends the start with one sentence and exit 2', async () => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  await using file = await configFile('projects: {}\n');
  const other = createServer();
  const port = await listenHere(other);
  const env = { ...file.env, ...httpEnv(slack, port), REDIS_URL: world.url };
  const ran = await runHere(['run', '--role', 'bot'], { env, openApp });
  expect(ran.exit).toBe(2);
  expect(ran.err.trim().split('\n').at(-1)).toBe(`Port ${port} is taken: set PORT to another one.`);
  expect(ran.err).not.toContain('    at ');
  other.close();
});

test('Socket Mode wins when both ways are set', async () => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  await using file = await configFile('projects: {}\n');
  const env = { ...file.env, ...httpEnv(slack, 1), ...socketEnv(slack), REDIS_URL: world.url };
  const signals = new EventEmitter();
  const running = runHere(['run'], { env, openApp, signals });
  await slack.connected();
  signals.emit('SIGTERM');
  expect(await running).toMatchObject({ exit: 0, err: expect.not.stringContaining('listening for Slack') });
});

test('a lost Slack ends the role with a sentence', async () => {
  await using world = await openWorld();
  await using file = await configFile('projects: {}\n');
  const env = { ...file.env, REDIS_URL: world.url, SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
  const seen: string[] = [];
  let lose = (_fault: SlackRefused) => {};
  const bot = runHere(['run', '--role', 'bot'], {
    env,
    openApp: (options) =>
      openApp(options, {
        createSlack: ({ onLost = () => {}, command }) => {
          lose = onLost;
          return {
            teller: { tell: async () => {}, alert: async () => {} },
            start: async () => void seen.push(`start ${command}`),
            stop: async () => void seen.push('stop'),
            isConnected: () => true,
          };
        },
      }),
  });
  await waitFor(() => seen.length === 1);
  lose(new SlackRefused('token_revoked', 'Slack refuses the token.'));
  expect(await bot).toMatchObject({ exit: 2, err: expect.stringContaining('\nSlack refuses the token.\n') });
  expect(seen).toEqual(['start /sync', 'stop']);
});

test('a reader that has gone (| head) is no crash', async () => {
  const gone = () =>
    new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
  const shell = { argv: ['--help'], env: {}, stdin: process.stdin, stdout: gone(), stderr: gone(), user: 'alice' };
  const noApp = () => Promise.reject(new Error('no app was expected here'));
  expect(await runCli({ ...shell, version: '1.2.3', signals: new EventEmitter(), openApp: noApp })).toBe(0);
});
