import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { chunksOf } from '../src/application/chunks.ts';
import { openCore } from '../src/core.ts';
import { noWatermark } from '../src/domain/project.ts';
import { openLinkConnections } from '../src/infra/bullmq/link-connections.ts';
import { observeScript } from '../src/infra/bullmq/observe-script.ts';
import { run } from '../src/infra/redis/call.ts';
import { interleaved, type Rounds, timed } from './measure.ts';
import { makeQueues } from './queues.ts';
import { alone, type Benchmark, compared, type Row } from './result.ts';
import { definitionsOf, openStage, queuesOf, quietSettings, type Stage } from './stage.ts';

const full = { sizes: [1_000, 10_000], rounds: 11, warmUps: 3 };
const small = { sizes: [20, 200], rounds: 2, warmUps: 0 };
const [atMost, blockAtMostMs] = [1.5, 5];

export const observe: Benchmark = {
  title: 'one observation',
  notes: [
    "The observer's look at all links (`links.observe`) on loopback; each queue with waiting, prioritized, delayed and failed tasks. Floor: the same script over the same chunks, all at once on one connection, replies left as they are. " +
      'The longest block is the longest run of one script that the SLOWLOG of that Redis has seen in one observation.',
  ],
  async measure({ tiny }) {
    const { sizes, ...rounds } = tiny ? small : full;
    await using stage = await openStage();
    const definitions = definitionsOf({ projects: Math.max(...sizes) / 10, linksEach: 10 });
    await makeQueues(stage.redis, queuesOf(definitions), { waiting: 3, prioritized: 1, delayed: 1, failed: 1 });
    const links = definitions.flatMap((definition) => definition.links);
    const rows: Row[] = [];
    for (const size of sizes) rows.push(...(await measureSize(stage, links.slice(0, size), rounds)));
    return rows;
  },
};

type Links = ReturnType<typeof definitionsOf>[number]['links'];

async function measureSize({ url, redis }: Stage, links: Links, rounds: Rounds): Promise<Row[]> {
  const target = { kind: 'standalone', url } as const;
  await using core = openCore({ redis: target, connections: {}, settings: quietSettings }, pino({ level: 'silent' }));
  await using connections = openLinkConnections({ default: target }, () => {});
  const connection = connections.get('default');
  if (connection === undefined) throw new Error('no connection');
  const watched = links.map((link) => ({ link, watermark: noWatermark }));
  const look = async () => {
    const readings = await core.deps.links.observe(watched);
    return readings.every(({ kind }) => kind === 'read');
  };
  const bases = links.map(({ queue, prefix }) => `${prefix}:${queue}:`);
  const chunk = Math.max(...(await scriptsOf(redis, look)).map(({ keys }) => keys));
  const scripts = chunksOf(bases, chunk).map((some) => ({
    keys: some.map((base) => `${base}meta`),
    args: some.flatMap((base) => [base, noWatermark.at, JSON.stringify(noWatermark.taskIds)]),
  }));
  const bare = () => Promise.all(scripts.map((how) => run(connection.client, observeScript, how)));
  const { ours, floor } = await interleaved({ ours: () => wholeLook(look), floor: () => timed(bare) }, rounds);
  const blocks: number[] = [];
  for (let round = 0; round < rounds.rounds; round++) blocks.push(await longestScript(redis, look));
  return [
    compared({ name: `${links.length} links`, unit: 'ms', ours, floor, atMost }),
    alone({ name: `${links.length} links, longest block of Redis`, unit: 'ms', ours: blocks, atMost: blockAtMostMs }),
  ];
}

const looksTried = 5;

/** How long a look at all links takes, ms. One that its deadline has cut short on a busy machine is taken again. */
async function wholeLook(look: () => Promise<boolean>): Promise<number> {
  for (let tried = 0; tried < looksTried; tried++) {
    const start = performance.now();
    if (await look()) return performance.now() - start;
  }
  throw new Error('some links were never read in time');
}

/** The longest run of one script while this is done, ms. */
async function longestScript(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  return Math.max(...(await scriptsOf(redis, work)).map(({ ms }) => ms));
}

/** Every script that Redis runs while this is done: of how many keys, and for how long. */
async function scriptsOf(redis: Redis, work: () => Promise<unknown>): Promise<{ keys: number; ms: number }[]> {
  await redis.config('SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '10000');
  await redis.slowlog('RESET');
  await work();
  const entries = (await redis.slowlog('GET', 10_000)) as [number, number, number, string[]][];
  await redis.config('SET', 'slowlog-log-slower-than', '-1');
  const scripts = entries.filter(([, , , [command]]) => /^eval/i.test(command ?? ''));
  return scripts.map(([, , microseconds, [, , keys]]) => ({ keys: Number(keys), ms: microseconds / 1_000 }));
}
