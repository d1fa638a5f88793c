import { setTimeout as delay } from 'node:timers/promises';
import { interleaved, percentile } from './measure.ts';
import { makeQueues } from './queues.ts';
import { type Benchmark, compared, type Row } from './result.ts';
import {
  answered,
  httpMode,
  type Listener,
  person,
  socketMode,
  startBareBolt,
  startBot,
  type WayIn,
} from './slack-stage.ts';
import { definitionsOf, openStage, queuesOf } from './stage.ts';

const full = { projects: 100, requests: 100, rounds: 9, warmUps: 2 };
const small = { projects: 3, requests: 5, rounds: 2, warmUps: 0 };
const atMost = 1.2;
/** The end of the work behind an answer is not to stand in the way of the next command. */
const restMs = 3;
const ways: readonly WayIn[] = [socketMode, httpMode];

export const ack: Benchmark = {
  title: 'request to ack',
  notes: [
    `From the moment at which the fake of Slack sends a command until it has the ack; ${full.projects} running projects. ` +
      `In each round ${full.requests} commands of each kind, one by one, mixed with the floor's: a Bolt app in a process of its own with the same receiver, which only acks. Before the next one, the answer has been posted and ${restMs} ms have passed.`,
  ],
  async measure({ tiny }) {
    const rows: Row[] = [];
    for (const way of ways) rows.push(...(await measureWay(way, tiny ? small : full)));
    return rows;
  },
};

async function measureWay(way: WayIn, size: typeof full): Promise<Row[]> {
  await using stage = await openStage();
  const definitions = definitionsOf({ projects: size.projects, linksEach: 3 });
  await makeQueues(stage.redis, queuesOf(definitions), { waiting: 3 });
  await using bot = await startBot(way, stage, { name: 'ack', definitions, state: 'running' });
  await using bare = await startBareBolt(way);
  const measureRound = async (): Promise<Readonly<Record<Side, number[]>>> => {
    const times: Record<Side, number[]> = { list: [], bareList: [], pause: [], barePause: [] };
    for (let index = 0; index < size.requests; index++) {
      const text = { list: 'list', pause: `pause ${definitions[index % definitions.length]?.id}` };
      const asking: Readonly<Record<Side, () => Promise<number>>> = {
        list: () => ask(bot, text.list, true),
        bareList: () => ask(bare, text.list, false),
        pause: () => ask(bot, text.pause, true),
        barePause: () => ask(bare, text.pause, false),
      };
      // In turn, so that whatever else the machine does hits all of them, and none always follows the same one.
      for (const side of shuffled(sides)) times[side].push(await asking[side]());
    }
    for (const { slack } of [bot, bare]) slack.reloadClient(person.user);
    return times;
  };
  const { round: rounds } = await interleaved({ round: measureRound }, size);
  const figures = (side: Side, part: number) => rounds.map((times) => percentile(times[side], part));
  return (['p50', 'p99'] as const).flatMap((part) =>
    (['list', 'pause'] as const).map((command) =>
      compared({
        name: `${way.name}, ${command}, ${part}`,
        unit: 'ms',
        ours: figures(command, parts[part]),
        floor: figures(command === 'list' ? 'bareList' : 'barePause', parts[part]),
        atMost,
      }),
    ),
  );
}

const parts = { p50: 0.5, p99: 0.99 };

const sides = ['list', 'bareList', 'pause', 'barePause'] as const;
type Side = (typeof sides)[number];

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** How long the ack took, ms. `isAnswered`: somebody answers behind the ack, which is waited for. */
async function ask({ slack }: Listener, text: string, isAnswered: boolean): Promise<number> {
  const from = slack.calls.length;
  const delivery = slack.command({ ...person, text });
  const acked = await delivery.acked;
  if (acked.kind !== 'acked') throw new Error(`no ack: ${acked.kind}`);
  if (isAnswered) await answered(slack, delivery.responseUrl, from);
  await delay(restMs);
  return acked.afterMs;
}
