import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { noWatermark } from '../src/domain/link.ts';
import { createLinkConnections } from '../src/infra/bullmq/link-connections.ts';
import { observeLinksInput, observeLinksScript } from '../src/infra/bullmq/observe-links.ts';
import { runScript } from '../src/infra/redis/scripts.ts';
import { toChunks } from '../src/lib/async.ts';
import { Services } from '../src/services.ts';
import { createQueues } from './queues.ts';
import { idleSettings, makeDefinitions, queueNames, type RedisFixture, startRedisFixture } from './redis-fixture.ts';
import { type Benchmark, compareRow, type Row, singleRow } from './result.ts';
import { interleaved, measureMs, type RoundCounts } from './statistics.ts';

const fullSize = { sizes: [1_000, 10_000], rounds: 11, warmUps: 3 };
const tinySize = { sizes: [20, 200], rounds: 2, warmUps: 0 };
const [maxRatio, maxBlockMs] = [1.5, 5];

export const observe: Benchmark = {
  title: 'one observation',
  notes: [
    'The observer reads all links once on loopback. Each queue has waiting, prioritized, delayed and failed tasks.',
    'The baseline runs the same script over the same chunks, all at once on one connection, and ignores the replies.',
    'The longest block is the longest run of one script in the SLOWLOG of that Redis during one observation.',
  ],
  async measure({ tiny }) {
    const { sizes, ...rounds } = tiny ? tinySize : fullSize;
    await using fixture = await startRedisFixture();
    const definitions = makeDefinitions({ projects: Math.max(...sizes) / 10, linksEach: 10 });
    await createQueues(fixture.redis, queueNames(definitions), { waiting: 3, prioritized: 1, delayed: 1, failed: 1 });
    const links = definitions.flatMap((definition) => definition.links);
    const rows: Row[] = [];
    for (const size of sizes) rows.push(...(await measureSize(fixture, links.slice(0, size), rounds)));
    return rows;
  },
};

type Links = ReturnType<typeof makeDefinitions>[number]['links'];

async function measureSize({ url, redis }: RedisFixture, links: Links, rounds: RoundCounts): Promise<Row[]> {
  const endpoint = { kind: 'standalone', url } as const;
  await using core = new Services(
    { redis: endpoint, connections: {}, settings: idleSettings },
    pino({ level: 'silent' }),
  );
  await using connections = createLinkConnections({ default: endpoint }, () => {});
  const connection = connections.get('default');
  if (connection === undefined) throw new Error('no connection');
  const linksWithWatermarks = links.map((link) => ({ link, watermark: noWatermark }));
  const observeAll = async () => {
    const observations = await core.context.links.observe(linksWithWatermarks);
    return observations.every(({ kind }) => kind === 'read');
  };
  const chunkSize = Math.max(...(await recordScripts(redis, observeAll)).map(({ keys }) => keys));
  const inputs = toChunks(linksWithWatermarks, chunkSize).map(observeLinksInput);
  const runScripts = () => Promise.all(inputs.map((input) => runScript(connection.client, observeLinksScript, input)));
  const { subject, baseline } = await interleaved(
    { subject: () => measureFullObservation(observeAll), baseline: () => measureMs(runScripts) },
    rounds,
  );
  const longestBlocksMs: number[] = [];
  for (let round = 0; round < rounds.rounds; round++) longestBlocksMs.push(await longestScript(redis, observeAll));
  return [
    compareRow({ name: `${links.length} links`, unit: 'ms', subject, baseline, atMost: maxRatio }),
    singleRow({
      name: `${links.length} links, longest block of Redis`,
      unit: 'ms',
      subject: longestBlocksMs,
      atMost: maxBlockMs,
    }),
  ];
}

const maxAttempts = 5;

/** Returns the time of one complete observation. On a busy machine some links may time out; then it observes again. */
async function measureFullObservation(observeAll: () => Promise<boolean>): Promise<number> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const start = performance.now();
    if (await observeAll()) return performance.now() - start;
  }
  throw new Error('some links timed out in every attempt');
}

/** Returns the time of the longest script that Redis runs during the work. */
async function longestScript(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  return Math.max(...(await recordScripts(redis, work)).map(({ ms }) => ms));
}

/** Returns the number of keys and the time of each script that Redis runs during the work. */
async function recordScripts(redis: Redis, work: () => Promise<unknown>): Promise<{ keys: number; ms: number }[]> {
  await redis.config('SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '10000');
  await redis.slowlog('RESET');
  await work();
  const entries = (await redis.slowlog('GET', 10_000)) as [number, number, number, string[]][];
  await redis.config('SET', 'slowlog-log-slower-than', '-1');
  const scripts = entries.filter(([, , , [command]]) => /^eval/i.test(command ?? ''));
  return scripts.map(([, , microseconds, [, , keys]]) => ({ keys: Number(keys), ms: microseconds / 1_000 }));
}
