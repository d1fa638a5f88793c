import { join } from 'node:path';
import { findFreePort } from '../demo/free-port.ts';
import type { ProjectDefinition } from '../src/domain/project.ts';
import { httpModeEnv, socketModeEnv } from '../test/fake-slack/bot-env.ts';
import { FakeSlack } from '../test/fake-slack/fake-slack.ts';
import { type BenchProgram, buildFolder, startProgram, startSyncbot } from './processes.ts';
import { createProjects, createStoresFor, type RedisFixture, writeConfig } from './redis-fixture.ts';

/** How Slack reaches a bot, and the environment of the bot for it. */
export interface Transport {
  readonly name: string;
  env(slack: FakeSlack): Promise<Readonly<Record<string, string>>>;
  /** Resolves when the fake Slack can reach the bot. */
  waitUntilConnected(slack: FakeSlack): Promise<void>;
}

export const socketMode: Transport = {
  name: 'Socket Mode',
  env: async (slack) => socketModeEnv(slack),
  waitUntilConnected: (slack) => slack.waitForSockets(),
};

export const httpMode: Transport = {
  name: 'HTTP',
  async env(slack) {
    const port = await findFreePort('127.0.0.1');
    slack.requestUrl.url = `http://127.0.0.1:${port}/slack/events`;
    return httpModeEnv(slack, port);
  },
  // A running bot already listens.
  waitUntilConnected: async () => {},
};

export const benchmarkUser = { user: 'U0ALICE', channel: 'C0SYNC' } as const;

/** A Slack app in its own process, with its own fake Slack. */
export interface MeasuredApp extends AsyncDisposable {
  readonly slack: FakeSlack;
}

/** Returns epoch milliseconds with fractions: the fake's default clock counts whole ones. */
export const preciseNow = () => performance.timeOrigin + performance.now();

/** Starts a bot like a deployed one. The queues of the links must exist. */
export async function startBot(
  transport: Transport,
  fixture: RedisFixture,
  {
    name,
    definitions,
    state,
  }: { name: string; definitions: readonly ProjectDefinition[]; state: 'running' | 'paused' },
): Promise<MeasuredApp> {
  const config = join(buildFolder, `${name}.yml`);
  await writeConfig(config, definitions);
  await createProjects(createStoresFor(fixture.redis), definitions, state);
  return startMeasuredApp(transport, (env) =>
    startSyncbot({ role: 'bot', env: { ...env, REDIS_URL: fixture.url, SYNCBOT_CONFIG: config } }),
  );
}

/** Starts the baseline: a Bolt app with the same receiver that only acknowledges. */
export function startBaselineBolt(transport: Transport): Promise<MeasuredApp> {
  return startMeasuredApp(transport, (env) => startProgram('baseline-bolt', env));
}

/** Waits for the response to a command. Returns the moment when it arrived, in ms of `preciseNow`. */
export async function waitForResponse(slack: FakeSlack, responseUrl: string, callsBefore: number): Promise<number> {
  const isResponse = ({ method, args }: { method: string; args: Readonly<Record<string, unknown>> }) =>
    method === 'response_url' && args['url'] === responseUrl;
  const call = await slack.waitFor(() => slack.calls.slice(callsBefore).find(isResponse), {
    description: 'a response',
    timeoutMs: 60_000,
  });
  return call.at;
}

async function startMeasuredApp(
  transport: Transport,
  start: (env: Readonly<Record<string, string>>) => Promise<BenchProgram>,
): Promise<MeasuredApp> {
  const slack = await FakeSlack.start({ now: preciseNow });
  const program = await start(await transport.env(slack));
  await transport.waitUntilConnected(slack);
  return {
    slack,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await slack[Symbol.asyncDispose]();
    },
  };
}
