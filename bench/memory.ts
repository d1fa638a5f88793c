import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { defaultKeyPrefix } from '../src/domain/installation.ts';
import { createKeys } from '../src/infra/redis/keys.ts';
import { FakeSlack } from '../test/fake-slack/fake-slack.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { type BenchProgram, buildFolder, startSyncbot } from './processes.ts';
import { createQueues, pauseAll } from './queues.ts';
import {
  createProjects,
  createStoresFor,
  makeDefinitions,
  queueNames,
  type RedisFixture,
  startRedisFixture,
  writeConfig,
} from './redis-fixture.ts';
import { type Benchmark, type Row, singleRow } from './result.ts';
import { benchmarkUser, socketMode, waitForResponse } from './slack-fixture.ts';

const fullSize = { projects: 10_000, linksEach: 10, cycles: 4, listCommands: 5 };
const tinySize = { projects: 20, linksEach: 2, cycles: 2, listCommands: 1 };
const megabyte = 2 ** 20;

export const memory: Benchmark = {
  title: 'memory and connections',
  notes: [
    `${fullSize.projects} Paused projects of ${fullSize.linksEach} links, each queue with one waiting task. The links are on their own Redis.`,
    'First `syncbot run --role worker` is measured, then `--role bot`, both with a syncbot.yml of these projects.',
    'Memory is read after a garbage collection: idle, and after some observation cycles or some `/sync list`.',
    'A worker is idle before it completes its first cycle, a bot before its first command.',
    'The peak includes reading syncbot.yml. Connections are those that the process adds to both Redis servers.',
    'A cycle over so many links is followed by an equally long pause, which is included in its time.',
  ],
  async measure({ tiny }) {
    const size = tiny ? tinySize : fullSize;
    await using botRedis = await startRedisFixture();
    await using linksRedis = await startRedisFixture();
    const definitions = makeDefinitions(size, 'warehouse');
    const queues = queueNames(definitions);
    await createQueues(linksRedis.redis, queues, { waiting: 1 });
    await pauseAll(linksRedis.redis, queues);
    await createProjects(createStoresFor(botRedis.redis), definitions, 'paused');
    const config = join(buildFolder, 'memory.yml');
    await writeConfig(config, definitions, {
      connections: { warehouse: linksRedis.url },
      settings: tiny ? 'observeEvery: 250ms' : '',
    });
    const env = { REDIS_URL: botRedis.url, SYNCBOT_CONFIG: config };
    const fixtures = [botRedis, linksRedis] as const;
    return [
      ...(await measureWorker(fixtures, env, size.cycles)),
      ...(await measureBot(fixtures, env, size.listCommands)),
    ];
  },
};

/** The bot's Redis, and the Redis of the links. */
type RedisFixtures = readonly [RedisFixture, RedisFixture];
type Env = Readonly<Record<string, string>>;

async function measureWorker(fixtures: RedisFixtures, env: Env, cycles: number): Promise<Row[]> {
  const connectionsBefore = await countConnections(fixtures);
  await using worker = await startSyncbot({ role: 'worker', env });
  const idle = await memoryRows('worker, idle', worker);
  const cycleTimesMs = await waitFor(
    async () => {
      const completedCycles = await completedCyclesMs(fixtures[0].redis);
      return completedCycles.length >= cycles && completedCycles;
    },
    { description: 'some observation cycles', timeoutMs: 300_000 },
  );
  return [
    ...idle,
    ...(await memoryRows(`worker, after ${cycles} cycles`, worker, { peak: true })),
    singleRow({
      name: 'worker, connections',
      unit: '',
      subject: [(await countConnections(fixtures)) - connectionsBefore],
    }),
    singleRow({ name: 'one observation cycle, with the pause after it', unit: 'ms', subject: cycleTimesMs }),
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

/** Returns the time of each completed cycle, from the events of BullMQ. */
async function completedCyclesMs(redis: Redis): Promise<number[]> {
  const startedAt = new Map<string, number>();
  const cycleTimesMs: number[] = [];
  for (const [id, fields] of await redis.xrange(
    `${createKeys(defaultKeyPrefix).queuePrefix}:observe:events`,
    '-',
    '+',
  )) {
    const field = (name: string) => fields[fields.indexOf(name) + 1] ?? '';
    const eventAt = Number(id.split('-')[0]);
    if (field('event') === 'active') startedAt.set(field('jobId'), eventAt);
    const start = startedAt.get(field('jobId'));
    if (field('event') === 'failed') throw new Error('an observation cycle failed');
    if (field('event') === 'completed' && start !== undefined) cycleTimesMs.push(eventAt - start);
  }
  return cycleTimesMs;
}
