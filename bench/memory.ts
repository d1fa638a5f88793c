import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { queuePrefix } from '../src/infra/redis/keys.ts';
import { StrictSlack } from '../test/support/slack/strict-slack.ts';
import { waitFor } from '../test/support/wait.ts';
import { folder, type Program, startSyncbot } from './processes.ts';
import { makeQueues, pauseAll } from './queues.ts';
import { alone, type Benchmark, type Row } from './result.ts';
import { answered, person, socketMode } from './slack-stage.ts';
import { definitionsOf, openStage, putProjects, queuesOf, type Stage, storeOn, writeConfig } from './stage.ts';

const full = { projects: 10_000, linksEach: 10, rounds: 4, lists: 5 };
const small = { projects: 20, linksEach: 2, rounds: 2, lists: 1 };
const megabyte = 2 ** 20;

export const memory: Benchmark = {
  title: 'memory and connections',
  notes: [
    `${full.projects} paused projects of ${full.linksEach} links, each queue with a waiting task, the links on a Redis of their own; \`syncbot run --role worker\`, then \`--role bot\`, with a syncbot.yml that says the same. ` +
      'Memory after a collection: idle (a worker before its first whole round, a bot before its first command), and after some rounds of observation or some `/sync list`. The peak includes reading syncbot.yml. Connections are those that the process adds at both Redis servers. A round over so many links is followed by a rest of the same length, which is counted in.',
  ],
  async measure({ tiny }) {
    const size = tiny ? small : full;
    await using own = await openStage();
    await using warehouse = await openStage();
    const definitions = definitionsOf(size, 'warehouse');
    const queues = queuesOf(definitions);
    await makeQueues(warehouse.redis, queues, { waiting: 1 });
    await pauseAll(warehouse.redis, queues);
    await putProjects(storeOn(own.redis), definitions, 'paused');
    const config = join(folder, 'memory.yml');
    await writeConfig(config, definitions, {
      connections: { warehouse: warehouse.url },
      settings: tiny ? 'observeEvery: 250ms' : '',
    });
    const env = { REDIS_URL: own.url, SYNCBOT_CONFIG: config };
    const stages = [own, warehouse] as const;
    return [...(await measureWorker(stages, env, size.rounds)), ...(await measureBot(stages, env, size.lists))];
  },
};

type Stages = readonly [Stage, Stage];
type Env = Readonly<Record<string, string>>;

/** `stages`: the Redis of the bot, and that of the links. */
async function measureWorker(stages: Stages, env: Env, rounds: number): Promise<Row[]> {
  const before = await connectionsOf(stages);
  await using worker = await startSyncbot({ role: 'worker', env });
  const idle = await memoryRows('worker, idle', worker);
  const times = await waitFor(
    async () => {
      const over = await roundsOf(stages[0].redis);
      return over.length >= rounds && over;
    },
    { describe: 'some rounds of observation', timeoutMs: 300_000 },
  );
  return [
    ...idle,
    ...(await memoryRows(`worker, after ${rounds} rounds`, worker, { peak: true })),
    alone({ name: 'worker, connections', unit: '', ours: [(await connectionsOf(stages)) - before] }),
    alone({ name: 'one round of observation, with its rest', unit: 'ms', ours: times }),
  ];
}

async function measureBot(stages: Stages, env: Env, lists: number): Promise<Row[]> {
  await using slack = await StrictSlack.start();
  const before = await connectionsOf(stages);
  await using bot = await startSyncbot({ role: 'bot', env: { ...env, ...(await socketMode.env(slack)) } });
  await socketMode.open(slack);
  const idle = await memoryRows('bot, idle', bot);
  for (let index = 0; index < lists; index++) {
    const from = slack.calls.length;
    await answered(slack, slack.command({ ...person, text: 'list' }).responseUrl, from);
  }
  return [
    ...idle,
    ...(await memoryRows(`bot, after ${lists} lists`, bot, { peak: true })),
    alone({ name: 'bot, connections', unit: '', ours: [(await connectionsOf(stages)) - before] }),
  ];
}

async function memoryRows(name: string, program: Program, { peak = false } = {}): Promise<Row[]> {
  const { heapUsed, rss, peakRss } = await program.memory();
  const row = (what: string, bytes: number) =>
    alone({ name: `${name}, ${what}`, unit: 'MB', ours: [bytes / megabyte] });
  return [row('RSS', rss), row('heap', heapUsed), ...(peak ? [row('peak RSS', peakRss)] : [])];
}

async function connectionsOf(stages: readonly Stage[]): Promise<number> {
  const lists = await Promise.all(stages.map(({ redis }) => redis.client('LIST')));
  return lists.flatMap((list) => String(list).trim().split('\n')).length;
}

/** How long each finished round took, ms, as BullMQ's events tell. */
async function roundsOf(redis: Redis): Promise<number[]> {
  const began = new Map<string, number>();
  const times: number[] = [];
  for (const [id, fields] of await redis.xrange(`${queuePrefix}:observe:events`, '-', '+')) {
    const field = (name: string) => fields[fields.indexOf(name) + 1] ?? '';
    const at = Number(id.split('-')[0]);
    if (field('event') === 'active') began.set(field('jobId'), at);
    const start = began.get(field('jobId'));
    if (field('event') === 'failed') throw new Error('a round of observation has failed');
    if (field('event') === 'completed' && start !== undefined) times.push(at - start);
  }
  return times;
}
