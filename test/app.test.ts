import { EventEmitter } from 'node:events';
import { createServer } from 'node:net';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { findFreePort } from '../demo/free-port.ts';
import { createApp } from '../src/app.ts';
import { StoreUnavailableError } from '../src/application/errors.ts';
import { runCli } from '../src/cli/run-cli.ts';
import { parseEnvironment } from '../src/config/environment.ts';
import { parseConfig } from '../src/config/parse-config.ts';
import { SlackConnectionError } from '../src/slack/slack-connection-error.ts';
import { runCliInProcess, writeConfigFile } from './cli/cli-fixture.ts';
import { httpModeEnv, socketModeEnv } from './fake-slack/bot-env.ts';
import { FakeSlack } from './fake-slack/fake-slack.ts';
import { keys } from './support/keys.ts';
import { listenOnFreePort } from './support/listen-on-free-port.ts';
import { silentNotifier } from './support/silent-ports.ts';
import { userActions } from './support/slack-harness.ts';
import { startTestServices } from './support/test-services.ts';
import { waitFor } from './support/wait-for.ts';

test('apply creates a project, a worker pauses it, and SIGTERM ends the worker with exit code 0', async () => {
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

test('a command that only reads writes nothing into Redis', async () => {
  await using services = await startTestServices();
  await using file = await writeConfigFile('projects: {}\n');
  const env = { ...file.env, REDIS_URL: services.url };
  expect(await runCliInProcess(['list'], { env, openApp: createApp })).toMatchObject({ exit: 0 });
  expect(await services.redis.keys('*')).toEqual([]);
});

test('run does not take a Redis with unreadable records for a first run', async () => {
  await using services = await startTestServices();
  const link = await services.createLink('orders');
  await services.createProject('orders', [link]);
  await services.redis.hset(keys.project('orders').state, 'v', '99');
  await using file = await writeConfigFile('projects: { payments: { links: [{ queue: payments }] } }\n');
  const signals = new EventEmitter();
  const env = { ...file.env, REDIS_URL: services.url };
  const running = runCliInProcess(['run', '--role', 'worker'], { env, openApp: createApp, signals });
  await waitFor(() => services.redis.exists('{syncbot}:observe:repeat'));
  signals.emit('SIGTERM');
  expect(await running).toMatchObject({ exit: 0, err: expect.stringContaining('record not readable') });
  expect(await services.context.projects.listIds()).toEqual(['orders']);
});

test('run applies syncbot.yml at the first run, executes a pause from Slack, and ends with exit code 0', async () => {
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
  await users.requestAndPressOk('pause', 'orders');
  await users.waitForMessage('was paused', { user: 'U0BOB' });

  const doctor = await runCliInProcess(['doctor', '--json'], { env, openApp: createApp });
  expect(doctor.out).toContain('"item": "Slack bot token"');
  signals.emit('SIGTERM');
  expect(await running).toMatchObject({ exit: 0 });
  await slack.waitFor(() => slack.socketCount === 0);
  expect(slack.violations).toEqual([]);
});

test.each([
  ['a token that Slack refuses', 'xoxb-wrong', 'SLACK_BOT_TOKEN'],
  ['no token', '', 'SLACK_BOT_TOKEN'],
])('%s ends run with exit code 2 and a sentence that names the variable', async (_what, token, expected) => {
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

test('run in HTTP mode receives requests on PORT, doctor cannot check that, and SIGTERM ends run with exit code 0', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  const digest = '{ at: "09:00", timezone: UTC, channel: C0OTHER }';
  await using file = await writeConfigFile(`policy: { operators: [U0ALICE] }\ndigest: [${digest}]\nprojects: {}\n`);
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
  expect(JSON.parse(doctor.out)).toContainEqual(
    expect.objectContaining({ item: expect.stringContaining('C0OTHER'), result: 'fail' }),
  );
  signals.emit('SIGTERM');
  const result = await running;
  expect(result).toMatchObject({ exit: 0, err: expect.stringContaining(`"port":${port}`) });
  expect(slack.callsTo('apps.connections.open')).toEqual([]);
  expect(slack.violations).toEqual([]);
});

test('a taken port ends run in HTTP mode with exit code 2 and one sentence', async () => {
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

test('run uses Socket Mode when both transports are configured', async () => {
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

test('an app token that Slack revokes ends run with exit code 2 and a sentence', async () => {
  await using services = await startTestServices();
  await using file = await writeConfigFile('projects: {}\n');
  const env = { ...file.env, REDIS_URL: services.url, SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
  const calls: string[] = [];
  let reportAuthError = (_error: SlackConnectionError) => {};
  const bot = runCliInProcess(['run', '--role', 'bot'], {
    env,
    openApp: (options) =>
      createApp(options, {
        createSlack: ({ onAuthError, command }) => {
          reportAuthError = onAuthError;
          return {
            notifier: silentNotifier,
            start: async () => void calls.push(`start ${command}`),
            stop: async () => void calls.push('stop'),
            isConnected: () => true,
          };
        },
      }),
  });
  await waitFor(() => calls.length === 1);
  reportAuthError(new SlackConnectionError('token_revoked', 'Slack refuses the token.'));
  expect(await bot).toMatchObject({ exit: 2, err: expect.stringContaining('\nSlack refuses the token.\n') });
  expect(calls).toEqual(['start /sync', 'stop']);
});

test('a role whose bot fails ends after the preparation that is still running', async () => {
  await using services = await startTestServices();
  const environment = parseEnvironment({
    REDIS_URL: services.url,
    SLACK_BOT_TOKEN: 'xoxb-1',
    SLACK_APP_TOKEN: 'xapp-1',
  });
  const config = parseConfig('projects: {}\n', {});
  if (environment.kind === 'refused' || config.kind === 'refused') throw new Error('not valid');
  const events: string[] = [];
  let attempts = 0;
  let finishPreparation = () => {};
  const createSlack = () => ({
    notifier: silentNotifier,
    async start() {
      await waitFor(() => attempts === 2);
      throw new SlackConnectionError('token_revoked', 'Slack refuses the token.');
    },
    stop: async () => void events.push('stopped'),
    isConnected: () => false,
  });
  await using app = await createApp({ ...environment, ...config, log: pino({ level: 'silent' }) }, { createSlack });
  const prepare = async () => {
    attempts++;
    if (attempts === 1) throw new StoreUnavailableError('no', { cause: null });
    await new Promise<void>((resolve) => {
      finishPreparation = resolve;
    });
    events.push('prepared');
  };
  const ended = app.runRole('all', new AbortController().signal, prepare).catch(() => events.push('ended'));
  await waitFor(() => events.includes('stopped'));
  finishPreparation();
  await ended;
  expect(events).toEqual(['stopped', 'prepared', 'ended']);
});

test('a closed stdout, as after | head, is not an error', async () => {
  const closedStream = () =>
    new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
  const io = {
    argv: ['--help'],
    env: {},
    folder: '.',
    stdin: process.stdin,
    stdout: closedStream(),
    stderr: closedStream(),
    user: 'alice',
  };
  const createNoApp = () => Promise.reject(new Error('--help must not create the app'));
  expect(
    await runCli({
      ...io,
      version: '1.2.3',
      signals: new EventEmitter(),
      createApp: createNoApp,
      openLinks: createNoApp,
      openSlackSetup: createNoApp,
      readProjectIds: createNoApp,
      packageFolder: new URL('..', import.meta.url),
    }),
  ).toBe(0);
});
