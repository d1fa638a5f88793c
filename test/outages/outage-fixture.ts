import { onTestFinished as onCurrentTestFinished, type TestContext } from 'vitest';
import type { RedisServer } from '../../demo/redis-server.ts';
import { writeConfigFile } from '../cli/cli-fixture.ts';
import { socketModeEnv } from '../fake-slack/bot-env.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { killAtTestEnd, type RunningProgram, waitForOutput } from '../support/running-program.ts';
import type { SyncbotBuild } from '../support/syncbot-build.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';

/** The real program with a Redis, a second Redis named `far`, and a fake Slack. A test may take each of them down. */
export interface OutageFixture {
  readonly services: TestServices;
  readonly slack: FakeSlack;
  /** Starts `syncbot run`. */
  startProgram(role: 'all' | 'bot' | 'worker', env?: Record<string, string>): RunningProgram;
  /** Returns the messages of its log so far. */
  logMessages(program: RunningProgram): string[];
  /** Waits until the log contains this message. */
  waitForLog(program: RunningProgram, message: string): Promise<void>;
  readonly onTestFinished: OnTestFinished;
}

type OnTestFinished = TestContext['onTestFinished'];

const yml = `
connections: { far: '$\{FAR_URL}' }
policy: { operators: [U0ALICE] }
projects:
  near: { adopt: true, channel: C0SYNC, links: [{ queue: near }] }
  far: { adopt: true, channel: C0SYNC, links: [{ queue: near-too }, { queue: far, connection: far }] }
`;

/** A concurrent test passes its context: Vitest does not know which of them calls the global `onTestFinished`. */
export async function createOutageFixture(
  built: SyncbotBuild,
  { onTestFinished }: { readonly onTestFinished: OnTestFinished } = { onTestFinished: onCurrentTestFinished },
): Promise<OutageFixture> {
  const [services, slack, file] = [
    await startTestServices({ extraServers: ['far'] }),
    await FakeSlack.start(),
    await writeConfigFile(yml),
  ];
  onTestFinished(async () => {
    await Promise.all([file[Symbol.asyncDispose](), slack[Symbol.asyncDispose](), services[Symbol.asyncDispose]()]);
  });
  for (const queue of ['near', 'near-too']) await services.createLink(queue);
  await services.createLink('far', 'far');
  const env = { ...file.env, REDIS_URL: services.url, FAR_URL: services.urlOf('far'), ...socketModeEnv(slack) };
  const logMessages = (program: RunningProgram) =>
    program
      .stderr()
      .split('\n')
      .flatMap((line) => /"msg":"([^"]*)"/.exec(line)?.[1] ?? []);
  return {
    services,
    slack,
    logMessages,
    onTestFinished,
    startProgram: (role, extraEnv = {}) =>
      killAtTestEnd(built.start('dist/main.js', ['run', '--role', role], { ...env, ...extraEnv }), onTestFinished),
    waitForLog: (program, message) => waitForOutput(program, `"msg":"${message}"`),
  };
}

/** Returns a server that has stopped. */
export async function unreachableRedis(): Promise<RedisServer> {
  const server = await startTestRedis();
  await server.stop();
  return server;
}
