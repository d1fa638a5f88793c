import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedisServer } from '../../src/demo/redis-server.ts';
import { type Built, build } from '../demo/demo-process.ts';
import { said } from '../support/conversation.ts';
import { waitFor } from '../support/wait.ts';
import { nowhere, openStage } from './stage.ts';

let built: Built;
beforeAll(async () => {
  built = await build();
});
afterAll(() => built[Symbol.asyncDispose]());

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };
const times = (said: readonly string[], sentence: string) => said.filter((one) => one === sentence).length;

test('a Redis that is away at the start: said once, people get a true answer, everything begins when it comes', async () => {
  const { world, slack, ...stage } = await openStage(built);
  const { port, url } = await nowhere();
  const program = stage.run('all', { REDIS_URL: url });
  await stage.says(program, 'waiting for Redis');
  await slack.connected();
  slack.command({ ...alice, text: 'list' });
  await slack.waitFor(() => slack.messagesSeenBy('U0ALICE', 'C0SYNC').some((one) => said(one).includes('Not done')));

  await using late = await startRedisServer({ port });
  await stage.says(program, 'running');
  slack.command({ ...alice, text: 'list' });
  await slack.waitFor(() => slack.messagesSeenBy('U0ALICE', 'C0SYNC').some((one) => said(one).includes('2 projects')));
  expect(times(stage.said(program), 'waiting for Redis')).toBe(1);
  expect(times(stage.said(program), 'file applied at the first run')).toBe(1);
  expect(late.port).toBe(port);
  expect(world.url).not.toBe(url);
});

test('a Slack that is away at the start: work is done, and told when it comes', async () => {
  const { world, slack, ...stage } = await openStage(built);
  const away = slack.fail({ method: 'auth.test', status: 503, times: 10_000 });
  const program = stage.run('all');
  await stage.says(program, 'waiting for Slack');
  const ref = await waitFor(() => world.act('near', 'pause'));
  await waitFor(async () => (await world.deps.store.readOperation(ref))?.state === 'done');
  expect(slack.callsTo('chat.postMessage')).toEqual([]);

  away.cancel();
  await stage.says(program, 'running');
  await slack.waitFor(() =>
    slack.messagesSeenBy('U0BOB', 'C0SYNC').some((one) => said(one).includes('near is Paused')),
  );
  expect(times(stage.said(program), 'waiting for Slack')).toBe(1);
  program.kill('SIGTERM');
  await program.exited;
  expect(slack.violations).toEqual([]);
});

test('a token that Slack does not take ends the wait for Redis too: a sentence and exit 2', async () => {
  const stage = await openStage(built);
  const program = stage.run('all', { REDIS_URL: (await nowhere()).url, SLACK_BOT_TOKEN: 'xoxb-wrong' });
  const { code, stderr } = await program.exited;
  expect(code).toBe(2);
  expect(stderr).toContain('SLACK_BOT_TOKEN');
});

test('a file that is refused at the first run ends it, after the wait too: a sentence and exit 1', async () => {
  const { world, ...stage } = await openStage(built);
  const { port, url } = await nowhere();
  world.server('far').kill('SIGKILL');
  await world.server('far').exited;
  const program = stage.run('worker', { REDIS_URL: url });
  await stage.says(program, 'waiting for Redis');
  await using _late = await startRedisServer({ port });
  const { code, stderr } = await program.exited;
  expect(code).toBe(1);
  expect(stderr).toContain('cannot be applied, nothing was changed');
});

test('an outage of minutes is told in a few lines, not in thousands', async () => {
  const { world, ...stage } = await openStage(built);
  const program = stage.run('all');
  await stage.says(program, 'running');
  const before = stage.said(program).length;
  world.server().kill('SIGKILL');
  await world.server().exited;
  await stage.says(program, 'redis connection trouble');
  const attempts: number[] = [];
  await using _silent = await countedAttempts(world.server().port, attempts);
  await waitFor(() => attempts.length > 40, { timeoutMs: 50_000 });
  expect(stage.said(program).length - before).toBeLessThan(attempts.length);
});

/** Refuses every connection after having taken it. */
async function countedAttempts(port: number, attempts: number[]): Promise<AsyncDisposable> {
  const { createServer } = await import('node:net');
  const server = createServer((socket) => {
    attempts.push(port);
    socket.on('error', () => {});
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
