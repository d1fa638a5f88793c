import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { openCliApp, type SlackPart } from '../../src/cli/open-app.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld } from '../support/world.ts';
import { configFile, runHere } from './shell.ts';

const noSlack = (): SlackPart => {
  throw new Error('no Slack was expected here');
};

test('the real app: apply, a worker that pauses, SIGTERM ends it with exit 0', async () => {
  await using world = await openWorld();
  const link = await world.link('orders');
  await using file = await configFile('projects: { orders: { adopt: true, links: [{ queue: orders }] } }\n');
  const env = { ...file.env, REDIS_URL: world.url };
  const openApp = (options: Parameters<typeof openCliApp>[0]) => openCliApp(options, noSlack);
  expect(await runHere(['apply', '--yes'], { env, openApp })).toMatchObject({ exit: 0, err: '' });
  const signals = new EventEmitter();
  const worker = runHere(['run', '--role', 'worker'], { env, openApp, signals });
  expect(await runHere(['pause', 'orders', '--yes'], { env, openApp })).toMatchObject({ exit: 0 });
  expect(await link.queue.isPaused()).toBe(true);
  expect(signals.emit('SIGTERM')).toBe(true);
  expect(await worker).toMatchObject({ exit: 0, out: '', err: expect.stringContaining('"msg":"stopped"') });
});

test('the bot tells in Slack from the start, stops it at the end, and a lost Slack ends the role with a sentence', async () => {
  await using world = await openWorld();
  await using file = await configFile('projects: {}\n');
  const env = { ...file.env, REDIS_URL: world.url, SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
  const seen: string[] = [];
  let lose = (_fault: Error) => {};
  const bot = runHere(['run', '--role', 'bot'], {
    env,
    openApp: (options) =>
      openCliApp(options, ({ onLost, command }) => {
        lose = onLost;
        return {
          teller: { tell: async () => {} },
          start: async () => void seen.push(`start ${command}`),
          stop: async () => void seen.push('stop'),
        };
      }),
  });
  await waitFor(() => seen.length === 1);
  lose(Object.assign(new Error('Slack refuses the token.'), { name: 'SlackRefused' }));
  expect(await bot).toMatchObject({ exit: 1, err: expect.stringContaining('\nSlack refuses the token.\n') });
  expect(seen).toEqual(['start /sync', 'stop']);
});

test('a reader that has gone (| head) is no crash', async () => {
  const gone = () =>
    new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
  const shell = { argv: ['--help'], env: {}, stdin: process.stdin, stdout: gone(), stderr: gone(), user: 'alice' };
  const openApp = () => Promise.reject(new Error('no app was expected here'));
  expect(await runCli({ ...shell, version: '1.2.3', signals: new EventEmitter(), openApp })).toBe(0);
});
