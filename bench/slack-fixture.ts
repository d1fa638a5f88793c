import { join } from 'node:path';
import { findFreePort } from '../demo/free-port.ts';
import type { ProjectDefinition } from '../src/domain/project.ts';
import { httpModeEnv, socketModeEnv } from '../test/fake-slack/bot-env.ts';
import { FakeSlack } from '../test/fake-slack/fake-slack.ts';
import { type BenchProgram, buildFolder, startProgram, startSyncbot } from './processes.ts';
import { createProjects, createTestStores, type RedisFixture, writeConfig } from './redis-fixture.ts';

/** How Slack reaches the bot, and what a program is told of it. */
export interface Transport {
  readonly name: string;
  env(slack: FakeSlack): Promise<Readonly<Record<string, string>>>;
  /** Resolves when the fake can deliver. */
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
  // A program that runs listens already.
  waitUntilConnected: async () => {},
};

export const benchmarkUser = { user: 'U0ALICE', channel: 'C0SYNC' } as const;

/** Someone who listens to Slack, in a process of its own, and the fake of Slack that it listens to. */
export interface MeasuredApp extends AsyncDisposable {
  readonly slack: FakeSlack;
}

/** Milliseconds with their parts: Slack's own clock counts whole ones. */
export const preciseNow = () => performance.timeOrigin + performance.now();

/** A bot as it is deployed, on a stage whose links are made already. */
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
  await createProjects(createTestStores(fixture.redis), definitions, state);
  return startMeasuredApp(transport, (env) =>
    startSyncbot({ role: 'bot', env: { ...env, REDIS_URL: fixture.url, SYNCBOT_CONFIG: config } }),
  );
}

/** The floor: the same receiver, and nothing behind it but the ack. */
export function startBaselineBolt(transport: Transport): Promise<MeasuredApp> {
  return startMeasuredApp(transport, (env) => startProgram('baseline-bolt', env));
}

/** The moment at which the answer to what was typed arrived, ms as `preciseNow` counts. */
export async function waitForResponse(slack: FakeSlack, responseUrl: string, callsBefore: number): Promise<number> {
  const isResponse = ({ method, args }: { method: string; args: Readonly<Record<string, unknown>> }) =>
    method === 'response_url' && args['url'] === responseUrl;
  const call = await slack.waitFor(() => slack.calls.slice(callsBefore).find(isResponse), {
    description: 'an answer',
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
