import { onTestFinished } from 'vitest';
import type { RedisServer } from '../../src/demo/redis-server.ts';
import { configFile } from '../cli/shell.ts';
import type { Built } from '../demo/demo-process.ts';
import { type Running, untilSaid } from '../support/program.ts';
import { ownRedis } from '../support/redis.ts';
import { socketEnv } from '../support/slack/env.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { openWorld, type World } from '../support/world.ts';

/** The real program with a Redis, a second Redis named `far` and a Slack around it, each of which may be away. */
export interface Stage {
  readonly world: World;
  readonly slack: StrictSlack;
  /** Starts `syncbot run`, whatever is there. */
  run(role: 'all' | 'bot' | 'worker', env?: Record<string, string>): Running;
  /** The sentences of its log so far. */
  said(program: Running): string[];
  /** Waits until it has said this. */
  says(program: Running, sentence: string): Promise<void>;
}

const yml = `
connections: { far: '$\{FAR_URL}' }
policy: { operators: [U0ALICE] }
projects:
  near: { adopt: true, channel: C0SYNC, links: [{ queue: near }] }
  far: { adopt: true, channel: C0SYNC, links: [{ queue: near-too }, { queue: far, connection: far }] }
`;

export async function openStage(built: Built): Promise<Stage> {
  const [world, slack, file] = [
    await openWorld({ servers: ['far'] }),
    await StrictSlack.start(),
    await configFile(yml),
  ];
  onTestFinished(async () => {
    await Promise.all([file[Symbol.asyncDispose](), slack[Symbol.asyncDispose](), world[Symbol.asyncDispose]()]);
  });
  for (const queue of ['near', 'near-too']) await world.link(queue);
  await world.link('far', 'far');
  const env = { ...file.env, REDIS_URL: world.url, FAR_URL: world.urlOf('far'), ...socketEnv(slack) };
  const said = (program: Running) =>
    program
      .errors()
      .split('\n')
      .flatMap((line) => /"msg":"([^"]*)"/.exec(line)?.[1] ?? []);
  return {
    world,
    slack,
    said,
    run: (role, more = {}) => built.launch('dist/main.js', ['run', '--role', role], { ...env, ...more }),
    says: (program, sentence) => untilSaid(program, `"msg":"${sentence}"`),
  };
}

/** An address where nothing listens. */
export async function nowhere(): Promise<RedisServer> {
  const server = await ownRedis();
  await server.stop();
  return server;
}
