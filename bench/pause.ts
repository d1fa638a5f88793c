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
    'The time from the moment when Bolt calls the listener of OK until the last link is paused.',
    'Bot and worker are in one process, their Redis and the links on one server. Slack and the receiver are not measured.',
    'The baseline runs in the same process: an empty script of one key, an empty job until its worker has run it,',
    'a second empty script, then for all links at once one read of the flag and one pause by BullMQ on one connection.',
    'A delay is added in each direction by a proxy in its own process.',
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

/** `url` is the address of the Redis for the measured commands, which may be a proxy. */
async function measureSizes(url: string, { fixture, links, rounds, delayMs }: Sizes): Promise<Row[]> {
  const location = delayMs === 0 ? 'loopback' : `${delayMs} ms each way`;
  await using subject = await startPauseSubject(url, fixture.redis);
  await using baseline = await startPauseBaseline(url, fixture.redis);
  // Work that continues after a pause, mainly the outcome, must not delay the next pause.
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

/** Measures the real delay: timers count whole milliseconds. */
async function measureRoundTrip(url: string, location: string): Promise<Row> {
  const redis = new Redis(url);
  const times: number[] = [];
  for (let index = 0; index < pingCount; index++) times.push(await measureMs(() => redis.ping()));
  redis.disconnect();
  return singleRow({ name: `${location}, one round trip`, unit: 'ms', subject: times });
}
