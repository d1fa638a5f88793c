import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { interleaved, type Rounds, timed } from './measure.ts';
import { openPauseFloor } from './pause-floor.ts';
import { openPauseOurs } from './pause-ours.ts';
import { startProgram } from './processes.ts';
import { makeQueues } from './queues.ts';
import { alone, type Benchmark, compared, type Row } from './result.ts';
import { definitionsOf, openStage, queuesOf, type Stage } from './stage.ts';

const full = { links: [1, 10, 100, 1_000], delaysMs: [0, 1, 5], rounds: 11, warmUps: 3 };
const small = { links: [1, 3], delaysMs: [0, 1], rounds: 2, warmUps: 0 };
const atMost = 1.3;
const [pings, restMs] = [20, 20];

export const pause: Benchmark = {
  title: 'OK to last link paused',
  notes: [
    'From the moment at which the press of OK reaches its handler (`listen` around `onOk`, as Bolt calls it) until the last pause is answered; handler and worker in one process, their Redis and the links on one server. Slack and its way in are left out on both sides. ' +
      'Floor, in the same process: an empty script of one key, an empty job through a queue until its worker has run it, a second empty script, then for all links at once one flag read and one pause at BullMQ on one connection. ' +
      'Delays: each way, in front of that Redis, by a proxy in a process of its own.',
  ],
  async measure({ tiny }) {
    const size = tiny ? small : full;
    await using stage = await openStage();
    const names = linkNames(Math.max(...size.links));
    await makeQueues(stage.redis, names, { waiting: 1 });
    const rows: Row[] = [];
    for (const delayMs of size.delaysMs) rows.push(...(await measureDelay(stage, delayMs, size)));
    return rows;
  },
};

function linkNames(count: number): string[] {
  return queuesOf(definitionsOf({ projects: 1, linksEach: count }));
}

async function measureDelay(stage: Stage, delayMs: number, { links, ...rounds }: typeof full): Promise<Row[]> {
  if (delayMs === 0) return measureSizes(stage.url, { stage, links, rounds, delayMs });
  const given = { REDIS_PORT: String(stage.port), DELAY_MS: String(delayMs) };
  await using proxy = await startProgram('delaying-proxy', given);
  return await measureSizes(`redis://127.0.0.1:${proxy.told}`, { stage, links, rounds, delayMs });
}

interface Sizes {
  readonly stage: Stage;
  readonly links: readonly number[];
  readonly rounds: Rounds;
  readonly delayMs: number;
}

/** `url`: the way to that Redis for what is measured. */
async function measureSizes(url: string, { stage, links, rounds, delayMs }: Sizes): Promise<Row[]> {
  const where = delayMs === 0 ? 'loopback' : `${delayMs} ms each way`;
  await using ours = await openPauseOurs(url, stage.redis);
  await using floor = await openPauseFloor(url, stage.redis);
  // What follows a pause, the outcome above all, is not to stand in the way of the next one.
  const atRest = async (paused: Promise<number>) => {
    const ms = await paused;
    await delay(restMs + 10 * delayMs);
    return ms;
  };
  const rows: Row[] = [await roundTrip(url, where)];
  for (const count of links) {
    const names = linkNames(count);
    const sides = { ours: () => atRest(ours.pause(names)), floor: () => atRest(floor.pause(names)) };
    const samples = await interleaved(sides, rounds);
    rows.push(
      compared({ name: `${where}, ${count} ${count === 1 ? 'link' : 'links'}`, unit: 'ms', ...samples, atMost }),
    );
  }
  return rows;
}

/** What the delay really is: timers count whole milliseconds. */
async function roundTrip(url: string, where: string): Promise<Row> {
  const redis = new Redis(url);
  const times: number[] = [];
  for (let index = 0; index < pings; index++) times.push(await timed(() => redis.ping()));
  redis.disconnect();
  return alone({ name: `${where}, one round trip`, unit: 'ms', ours: times });
}
