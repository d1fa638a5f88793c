import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { queuePrefix } from '../src/infra/redis/keys.ts';
import { FakeSlack } from '../test/fake-slack/fake-slack.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { type BenchProgram, buildFolder, startSyncbot } from './processes.ts';
import { createQueues, pauseAll } from './queues.ts';
import {
  createProjects,
  createTestStores,
  makeDefinitions,
  queueNames,
  type RedisFixture,
  startRedisFixture,
  writeConfig,
} from './redis-fixture.ts';
import { type Benchmark, type Row, singleRow } from './result.ts';
import { benchmarkUser, socketMode, waitForResponse } from './slack-fixture.ts';

const fullSize = { projects: 10_000, linksEach: 10, rounds: 4, listCommands: 5 };
const tinySize = { projects: 20, linksEach: 2, rounds: 2, listCommands: 1 };
const megabyte = 2 ** 20;

export const memory: Benchmark = {
  title: 'memory and connections',
  notes: [
    `${fullSize.projects} paused projects of ${fullSize.linksEach} links, each queue with a waiting task, the links on a Redis of their own; \`syncbot run --role worker\`, then \`--role bot\`, with a syncbot.yml that says the same. ` +
      'Memory after a collection: idle (a worker before its first whole round, a bot before its first command), and after some rounds of observation or some `/sync list`. The peak includes reading syncbot.yml. Connections are those that the process adds at both Redis servers. A round over so many links is followed by a rest of the same length, which is counted in.',
  ],
  async measure({ tiny }) {
    const size = tiny ? tinySize : fullSize;
    await using botRedis = await startRedisFixture();
    await using linksRedis = await startRedisFixture();
    const definitions = makeDefinitions(size, 'warehouse');
    const queues = queueNames(definitions);
    await createQueues(linksRedis.redis, queues, { waiting: 1 });
    await pauseAll(linksRedis.redis, queues);
    await createProjects(createTestStores(botRedis.redis), definitions, 'paused');
    const config = join(buildFolder, 'memory.yml');
    await writeConfig(config, definitions, {
      connections: { warehouse: linksRedis.url },
      settings: tiny ? 'observeEvery: 250ms' : '',
    });
    const env = { REDIS_URL: botRedis.url, SYNCBOT_CONFIG: config };
    const fixtures = [botRedis, linksRedis] as const;
    return [
      ...(await measureWorker(fixtures, env, size.rounds)),
      ...(await measureBot(fixtures, env, size.listCommands)),
    ];
  },
};

type RedisFixtures = readonly [RedisFixture, RedisFixture];
type Env = Readonly<Record<string, string>>;

/** `stages`: the Redis of the bot, and that of the links. */
async function measureWorker(fixtures: RedisFixtures, env: Env, cycles: number): Promise<Row[]> {
  const connectionsBefore = await countConnections(fixtures);
  await using worker = await startSyncbot({ role: 'worker', env });
  const idle = await memoryRows('worker, idle', worker);
  const cycleTimesMs = await waitFor(
    async () => {
      const completedCycles = await completedCyclesMs(fixtures[0].redis);
      return completedCycles.length >= cycles && completedCycles;
    },
    { description: 'some rounds of observation', timeoutMs: 300_000 },
  );
  return [
    ...idle,
    ...(await memoryRows(`worker, after ${cycles} rounds`, worker, { peak: true })),
    singleRow({
      name: 'worker, connections',
      unit: '',
      subject: [(await countConnections(fixtures)) - connectionsBefore],
    }),
    singleRow({ name: 'one round of observation, with its rest', unit: 'ms', subject: cycleTimesMs }),
  ];
}

async function measureBot(fixtures: RedisFixtures, env: Env, listCommands: number): Promise<Row[]> {
  await using slack = await FakeSlack.start();
  const connectionsBefore = await countConnections(fixtures);
  await using bot = await startSyncbot({ role: 'bot', env: { ...env, ...(await socketMode.env(slack)) } });
  await socketMode.waitUntilConnected(slack);
  const idle = await memoryRows('bot, idle', bot);
  for (let index = 0; index < listCommands; index++) {
    const callsBefore = slack.calls.length;
    await waitForResponse(slack, slack.command({ ...benchmarkUser, text: 'list' }).responseUrl, callsBefore);
  }
  return [
    ...idle,
    ...(await memoryRows(`bot, after ${listCommands} lists`, bot, { peak: true })),
    singleRow({
      name: 'bot, connections',
      unit: '',
      subject: [(await countConnections(fixtures)) - connectionsBefore],
    }),
  ];
}

async function memoryRows(name: string, program: BenchProgram, { peak = false } = {}): Promise<Row[]> {
  const { heapUsed, rss, peakRss } = await program.memory();
  const row = (metric: string, bytes: number) =>
    singleRow({ name: `${name}, ${metric}`, unit: 'MB', subject: [bytes / megabyte] });
  return [row('RSS', rss), row('heap', heapUsed), ...(peak ? [row('peak RSS', peakRss)] : [])];
}

async function countConnections(fixtures: readonly RedisFixture[]): Promise<number> {
  const listCommands = await Promise.all(fixtures.map(({ redis }) => redis.client('LIST')));
  return listCommands.flatMap((list) => String(list).trim().split('\n')).length;
}

/** How long each finished round took, ms, as BullMQ's events tell. */
async function completedCyclesMs(redis: Redis): Promise<number[]> {
  const startedAt = new Map<string, number>();
  const cycleTimesMs: number[] = [];
  for (const [id, fields] of await redis.xrange(`${queuePrefix}:observe:events`, '-', '+')) {
    const field = (name: string) => fields[fields.indexOf(name) + 1] ?? '';
    const eventAt = Number(id.split('-')[0]);
    if (field('event') === 'active') startedAt.set(field('jobId'), eventAt);
    const start = startedAt.get(field('jobId'));
    if (field('event') === 'failed') throw new Error('a round of observation has failed');
    if (field('event') === 'completed' && start !== undefined) cycleTimesMs.push(eventAt - start);
  }
  return cycleTimesMs;
}
