import { EventEmitter } from 'node:events';
import { createServer } from 'node:net';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { findFreePort } from '../demo/free-port.ts';
import { createApp } from '../src/app.ts';
import { runCli } from '../src/cli/run-cli.ts';
import { SlackConnectionError } from '../src/slack/slack-errors.ts';
import { runCliInProcess, writeConfigFile } from './cli/cli-fixture.ts';
import { httpModeEnv, socketModeEnv } from './fake-slack/bot-env.ts';
import { FakeSlack } from './fake-slack/fake-slack.ts';
import { listenOnFreePort } from './support/listen-on-free-port.ts';
import { userActions } from './support/slack-harness.ts';
import { startTestServices } from './support/test-services.ts';
import { waitFor } from './support/wait-for.ts';

test('the real app: apply, a worker that pauses, SIGTERM ends it with exit 0', async () => {
  await using services = await startTestServices();
  const link = await services.createLink('orders');
  await using file = await writeConfigFile('projects: { orders: { adopt: true, links: [{ queue: orders }] } }\n');
  const env = { ...file.env, REDIS_URL: services.url };
  expect(await runCliInProcess(['apply', '--yes'], { env, openApp: createApp })).toMatchObject({ exit: 0, err: '' });
  const signals = new EventEmitter();
  const worker = runCliInProcess(['run', '--role', 'worker'], { env, openApp: createApp, signals });
  expect(await runCliInProcess(['pause', 'orders', '--yes'], { env, openApp: createApp })).toMatchObject({ exit: 0 });
  expect(await link.queue.isPaused()).toBe(true);
  expect(signals.emit('SIGTERM')).toBe(true);
  expect(await worker).toMatchObject({ exit: 0, out: '', err: expect.stringContaining('"msg":"stopped"') });
});

test('run in the role all: applies the file at the first run, hears Slack, and ends cleanly', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  await services.createLink('orders');
  await using file = await writeConfigFile(
    'policy: { operators: [U0ALICE] }\nprojects: { orders: { adopt: true, links: [{ queue: orders }] } }\n',
  );
  const env = {
    ...file.env,
    REDIS_URL: services.url,
    ...socketModeEnv(slack),
  };
  const signals = new EventEmitter();
  const running = runCliInProcess(['run'], { env, openApp: createApp, signals });
  await slack.waitForSockets();
  const users = userActions(slack);
  await users.requestAndConfirm('pause', 'orders');
  await users.waitForMessage('is Paused', { user: 'U0BOB' });

  const doctor = await runCliInProcess(['doctor', '--json'], { env, openApp: createApp });
  expect(doctor.out).toContain('"item": "Slack bot token"');
  signals.emit('SIGTERM');
  expect(await running).toMatchObject({ exit: 0 });
  await slack.waitFor(() => slack.socketCount === 0);
  expect(slack.violations).toEqual([]);
});

test.each([
  ['a token that Slack does not take', 'xoxb-wrong', 'SLACK_BOT_TOKEN'],
  ['no token', '', 'SLACK_BOT_TOKEN'],
])('%s ends the start with a sentence and exit 2', async (_what, token, expected) => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  await using file = await writeConfigFile('projects: {}\n');
  const env = {
    ...file.env,
    REDIS_URL: services.url,
    ...socketModeEnv(slack),
    SLACK_BOT_TOKEN: token,
  };
  expect(await runCliInProcess(['run'], { env, openApp: createApp })).toMatchObject({
    exit: 2,
    err: expect.stringContaining(expected),
  });
});

test('run in HTTP mode: hears Slack on PORT, doctor says what it can know, SIGTERM ends it with exit 0', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  await using file = await writeConfigFile('policy: { operators: [U0ALICE] }\nprojects: {}\n');
  const port = await findFreePort('127.0.0.1');
  const env = { ...file.env, ...httpModeEnv(slack, port), REDIS_URL: services.url };
  const signals = new EventEmitter();
  const running = runCliInProcess(['run'], { env, openApp: createApp, signals });
  slack.requestUrl.url = `http://127.0.0.1:${port}/slack/events`;
  const at = { user: 'U0ALICE', channel: 'C0SYNC' };
  await slack.waitFor(async () => (await slack.command({ ...at, text: 'list' }).acked).kind === 'acked');
  await slack.waitFor(() => slack.messagesVisibleTo('U0ALICE', 'C0SYNC').length > 0);

  const doctor = await runCliInProcess(['doctor', '--json'], { env, openApp: createApp });
  expect(JSON.parse(doctor.out)).toContainEqual(
    expect.objectContaining({
      item: 'Slack transport',
      result: 'unknown',
      message: expect.stringContaining(`${port}`),
    }),
  );
  expect(doctor.out).not.toContain('Slack app token');
  signals.emit('SIGTERM');
  const result = await running;
  expect(result).toMatchObject({ exit: 0, err: expect.stringContaining(`"port":${port}`) });
  expect(slack.callsTo('apps.connections.open')).toEqual([]);
  expect(slack.violations).toEqual([]);
});

test('HTTP mode on a port that is taken ends the start with one sentence and exit 2', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  await using file = await writeConfigFile('projects: {}\n');
  const other = createServer();
  const port = await listenOnFreePort(other);
  const env = { ...file.env, ...httpModeEnv(slack, port), REDIS_URL: services.url };
  const result = await runCliInProcess(['run', '--role', 'bot'], { env, openApp: createApp });
  expect(result.exit).toBe(2);
  expect(result.err.trim().split('\n').at(-1)).toBe(`Port ${port} is taken: set PORT to another one.`);
  expect(result.err).not.toContain('    at ');
  other.close();
});

test('Socket Mode wins when both ways are set', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  await using file = await writeConfigFile('projects: {}\n');
  const env = { ...file.env, ...httpModeEnv(slack, 1), ...socketModeEnv(slack), REDIS_URL: services.url };
  const signals = new EventEmitter();
  const running = runCliInProcess(['run'], { env, openApp: createApp, signals });
  await slack.waitForSockets();
  signals.emit('SIGTERM');
  expect(await running).toMatchObject({ exit: 0, err: expect.not.stringContaining('listening for Slack') });
});

test('a lost Slack ends the role with a sentence', async () => {
  await using services = await startTestServices();
  await using file = await writeConfigFile('projects: {}\n');
  const env = { ...file.env, REDIS_URL: services.url, SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
  const calls: string[] = [];
  let lose = (_fault: SlackConnectionError) => {};
  const bot = runCliInProcess(['run', '--role', 'bot'], {
    env,
    openApp: (options) =>
      createApp(options, {
        createSlack: ({ onAuthError: onLost = () => {}, command }) => {
          lose = onLost;
          return {
            notifier: { notifyOperation: async () => {}, notifyAlerts: async () => {} },
            start: async () => void calls.push(`start ${command}`),
            stop: async () => void calls.push('stop'),
            isConnected: () => true,
          };
        },
      }),
  });
  await waitFor(() => calls.length === 1);
  lose(new SlackConnectionError('token_revoked', 'Slack refuses the token.'));
  expect(await bot).toMatchObject({ exit: 2, err: expect.stringContaining('\nSlack refuses the token.\n') });
  expect(calls).toEqual(['start /sync', 'stop']);
});

test('a reader that has gone (| head) is no crash', async () => {
  const gone = () =>
    new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
  const shell = { argv: ['--help'], env: {}, stdin: process.stdin, stdout: gone(), stderr: gone(), user: 'alice' };
  const noApp = () => Promise.reject(new Error('no app was expected here'));
  expect(await runCli({ ...shell, version: '1.2.3', signals: new EventEmitter(), createApp: noApp })).toBe(0);
});
