import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { visibleText } from '../support/slack-harness.ts';
import { buildSyncbot, type SyncbotBuild } from '../support/syncbot-build.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { waitFor } from '../support/wait-for.ts';
import { createOutageFixture, unreachableRedis } from './outage-fixture.ts';

let built: SyncbotBuild;
beforeAll(async () => {
  built = await buildSyncbot();
});
afterAll(() => built[Symbol.asyncDispose]());

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };
const countMessages = (messages: readonly string[], message: string) =>
  messages.filter((logged) => logged === message).length;

test('run waits for a Redis that is down at the start, logs this once, and responds to commands meanwhile', async () => {
  const { services, slack, ...fixture } = await createOutageFixture(built);
  const { port, url } = await unreachableRedis();
  const program = fixture.startProgram('all', { REDIS_URL: url });
  await fixture.waitForLog(program, 'waiting for Redis');
  await slack.waitForSockets();
  slack.command({ ...alice, text: 'list' });
  await slack.waitFor(() =>
    slack.messagesVisibleTo('U0ALICE', 'C0SYNC').some((one) => visibleText(one).includes('Not done')),
  );

  await using late = await startTestRedis({ port });
  await fixture.waitForLog(program, 'running');
  slack.command({ ...alice, text: 'list' });
  await slack.waitFor(() =>
    slack.messagesVisibleTo('U0ALICE', 'C0SYNC').some((one) => visibleText(one).includes('2 projects')),
  );
  expect(countMessages(fixture.logMessages(program), 'waiting for Redis')).toBe(1);
  expect(countMessages(fixture.logMessages(program), 'file applied at the first run')).toBe(1);
  expect(late.port).toBe(port);
  expect(services.url).not.toBe(url);
});

test('run executes operations while Slack is down at the start, and posts the outcomes when Slack is up', async () => {
  const { services, slack, ...fixture } = await createOutageFixture(built);
  const outage = slack.injectFault({ method: 'auth.test', status: 503, times: 10_000 });
  const program = fixture.startProgram('all');
  await fixture.waitForLog(program, 'waiting for Slack');
  const ref = await waitFor(() => services.requestAndConfirm('near', 'pause'));
  await waitFor(async () => (await services.context.operations.read(ref))?.state === 'done');
  expect(slack.callsTo('chat.postMessage')).toEqual([]);

  outage.cancel();
  await fixture.waitForLog(program, 'running');
  await slack.waitFor(() =>
    slack.messagesVisibleTo('U0BOB', 'C0SYNC').some((one) => visibleText(one).includes('near was paused')),
  );
  expect(countMessages(fixture.logMessages(program), 'waiting for Slack')).toBe(1);
  program.kill('SIGTERM');
  await program.exited;
  expect(slack.violations).toEqual([]);
});

test('a refused token ends run with exit code 2 while it waits for Redis', async () => {
  const fixture = await createOutageFixture(built);
  const program = fixture.startProgram('all', {
    REDIS_URL: (await unreachableRedis()).url,
    SLACK_BOT_TOKEN: 'xoxb-wrong',
  });
  const { code, stderr } = await program.exited;
  expect(code).toBe(2);
  expect(stderr).toContain('SLACK_BOT_TOKEN');
});

test('a refused syncbot.yml ends the first run with exit code 1 after the wait for Redis', async () => {
  const { services, ...fixture } = await createOutageFixture(built);
  const { port, url } = await unreachableRedis();
  services.server('far').kill('SIGKILL');
  await services.server('far').exited;
  const program = fixture.startProgram('worker', { REDIS_URL: url });
  await fixture.waitForLog(program, 'waiting for Redis');
  await using _late = await startTestRedis({ port });
  const { code, stderr } = await program.exited;
  expect(code).toBe(1);
  expect(stderr).toContain('cannot be applied');
});

test('a long outage of Redis causes only a few log lines', async () => {
  const { services, ...fixture } = await createOutageFixture(built);
  const program = fixture.startProgram('all');
  await fixture.waitForLog(program, 'running');
  const before = fixture.logMessages(program).length;
  services.server().kill('SIGKILL');
  await services.server().exited;
  await fixture.waitForLog(program, 'Redis connection failed');
  const attempts: number[] = [];
  await using _silent = await countConnections(services.server().port, attempts);
  await waitFor(() => attempts.length > 40);
  expect(fixture.logMessages(program).length - before).toBeLessThan(attempts.length);
});

/** Counts the connections on a port and closes each at once. */
async function countConnections(port: number, attempts: number[]): Promise<AsyncDisposable> {
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
