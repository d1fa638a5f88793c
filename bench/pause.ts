import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startPauseBaseline } from './pause-baseline.ts';
import { startPauseSubject } from './pause-subject.ts';
import { startProgram } from './processes.ts';
import { createQueues } from './queues.ts';
import { makeDefinitions, queueNames, type RedisFixture, startRedisFixture } from './redis-fixture.ts';
import { type Benchmark, compareRow, type Row, singleRow } from './result.ts';
import { interleaved, measureMs, type RoundCounts } from './statistics.ts';

const fullSize = { links: [1, 10, 100, 1_000], delaysMs: [0, 1, 5], rounds: 11, warmUps: 3 };
const tinySize = { links: [1, 3], delaysMs: [0, 1], rounds: 2, warmUps: 0 };
const maxRatio = 1.3;
const [pingCount, idleMs] = [20, 20];

export const pause: Benchmark = {
  title: 'OK to last link paused',
  notes: [
    'From the moment at which the press of OK reaches its handler (`listen` around `onOk`, as Bolt calls it) until the last pause is answered; handler and worker in one process, their Redis and the links on one server. Slack and its way in are left out on both sides. ' +
      'Floor, in the same process: an empty script of one key, an empty job through a queue until its worker has run it, a second empty script, then for all links at once one flag read and one pause at BullMQ on one connection. ' +
      'Delays: each way, in front of that Redis, by a proxy in a process of its own.',
  ],
  async measure({ tiny }) {
    const size = tiny ? tinySize : fullSize;
    await using fixture = await startRedisFixture();
    const names = linkNames(Math.max(...size.links));
    await createQueues(fixture.redis, names, { waiting: 1 });
    const rows: Row[] = [];
    for (const delayMs of size.delaysMs) rows.push(...(await measureDelay(fixture, delayMs, size)));
    return rows;
  },
};

function linkNames(count: number): string[] {
  return queueNames(makeDefinitions({ projects: 1, linksEach: count }));
}

async function measureDelay(
  fixture: RedisFixture,
  delayMs: number,
  { links, ...rounds }: typeof fullSize,
): Promise<Row[]> {
  if (delayMs === 0) return measureSizes(fixture.url, { fixture, links, rounds, delayMs });
  const proxyEnv = { REDIS_PORT: String(fixture.port), DELAY_MS: String(delayMs) };
  await using proxy = await startProgram('delaying-proxy', proxyEnv);
  return await measureSizes(`redis://127.0.0.1:${proxy.readyMessage}`, { fixture, links, rounds, delayMs });
}

interface Sizes {
  readonly fixture: RedisFixture;
  readonly links: readonly number[];
  readonly rounds: RoundCounts;
  readonly delayMs: number;
}

/** `url`: the way to that Redis for what is measured. */
async function measureSizes(url: string, { fixture, links, rounds, delayMs }: Sizes): Promise<Row[]> {
  const location = delayMs === 0 ? 'loopback' : `${delayMs} ms each way`;
  await using subject = await startPauseSubject(url, fixture.redis);
  await using baseline = await startPauseBaseline(url, fixture.redis);
  // What follows a pause, the outcome above all, is not to stand in the way of the next one.
  const pauseThenIdle = async (measuring: Promise<number>) => {
    const ms = await measuring;
    await delay(idleMs + 10 * delayMs);
    return ms;
  };
  const rows: Row[] = [await measureRoundTrip(url, location)];
  for (const count of links) {
    const names = linkNames(count);
    const sides = {
      subject: () => pauseThenIdle(subject.measurePauseMs(names)),
      baseline: () => pauseThenIdle(baseline.measurePauseMs(names)),
    };
    const samples = await interleaved(sides, rounds);
    rows.push(
      compareRow({
        name: `${location}, ${count} ${count === 1 ? 'link' : 'links'}`,
        unit: 'ms',
        ...samples,
        atMost: maxRatio,
      }),
    );
  }
  return rows;
}

/** What the delay really is: timers count whole milliseconds. */
async function measureRoundTrip(url: string, location: string): Promise<Row> {
  const redis = new Redis(url);
  const times: number[] = [];
  for (let index = 0; index < pingCount; index++) times.push(await measureMs(() => redis.ping()));
  redis.disconnect();
  return singleRow({ name: `${location}, one round trip`, unit: 'ms', subject: times });
}
