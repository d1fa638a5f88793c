import { join } from 'node:path';
import { freePort } from '../src/demo/free-port.ts';
import type { ProjectDefinition } from '../src/domain/project.ts';
import { httpEnv, socketEnv } from '../test/support/slack/env.ts';
import { StrictSlack } from '../test/support/slack/strict-slack.ts';
import { folder, type Program, startProgram, startSyncbot } from './processes.ts';
import { putProjects, type Stage, storeOn, writeConfig } from './stage.ts';

/** How Slack reaches the bot, and what a program is told of it. */
export interface WayIn {
  readonly name: string;
  env(slack: StrictSlack): Promise<Readonly<Record<string, string>>>;
  /** Resolves when the fake can deliver. */
  open(slack: StrictSlack): Promise<void>;
}

export const socketMode: WayIn = {
  name: 'Socket Mode',
  env: async (slack) => socketEnv(slack),
  open: (slack) => slack.connected(),
};

export const httpMode: WayIn = {
  name: 'HTTP',
  async env(slack) {
    const port = await freePort('127.0.0.1');
    slack.requestUrl.url = `http://127.0.0.1:${port}/slack/events`;
    return httpEnv(slack, port);
  },
  // A program that runs listens already.
  open: async () => {},
};

export const person = { user: 'U0ALICE', channel: 'C0SYNC' } as const;

/** Someone who listens to Slack, in a process of its own, and the fake of Slack that it listens to. */
export interface Listener extends AsyncDisposable {
  readonly slack: StrictSlack;
}

/** Milliseconds with their parts: Slack's own clock counts whole ones. */
export const preciseNow = () => performance.timeOrigin + performance.now();

/** A bot as it is deployed, on a stage whose links are made already. */
export async function startBot(
  way: WayIn,
  stage: Stage,
  {
    name,
    definitions,
    state,
  }: { name: string; definitions: readonly ProjectDefinition[]; state: 'running' | 'paused' },
): Promise<Listener> {
  const config = join(folder, `${name}.yml`);
  await writeConfig(config, definitions);
  await putProjects(storeOn(stage.redis), definitions, state);
  return listener(way, (env) =>
    startSyncbot({ role: 'bot', env: { ...env, REDIS_URL: stage.url, SYNCBOT_CONFIG: config } }),
  );
}

/** The floor: the same receiver, and nothing behind it but the ack. */
export function startBareBolt(way: WayIn): Promise<Listener> {
  return listener(way, (env) => startProgram('bare-bolt', env));
}

/** The moment at which the answer to what was typed arrived, ms as `preciseNow` counts. */
export async function answered(slack: StrictSlack, responseUrl: string, from: number): Promise<number> {
  const isAnswer = ({ method, args }: { method: string; args: Readonly<Record<string, unknown>> }) =>
    method === 'response_url' && args['url'] === responseUrl;
  const call = await slack.waitFor(() => slack.calls.slice(from).find(isAnswer), {
    what: 'an answer',
    timeoutMs: 60_000,
  });
  return call.at;
}

async function listener(
  way: WayIn,
  start: (env: Readonly<Record<string, string>>) => Promise<Program>,
): Promise<Listener> {
  const slack = await StrictSlack.start({ now: preciseNow });
  const program = await start(await way.env(slack));
  await way.open(slack);
  return {
    slack,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await slack[Symbol.asyncDispose]();
    },
  };
}
