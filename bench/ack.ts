import { setTimeout as delay } from 'node:timers/promises';
import { createQueues } from './queues.ts';
import { makeDefinitions, queueNames, startRedisFixture } from './redis-fixture.ts';
import { type Benchmark, compareRow, type Row } from './result.ts';
import {
  benchmarkUser,
  httpMode,
  type MeasuredApp,
  socketMode,
  startBaselineBolt,
  startBot,
  type Transport,
  waitForResponse,
} from './slack-fixture.ts';
import { interleaved, percentile } from './statistics.ts';

const fullSize = { projects: 100, requests: 100, rounds: 9, warmUps: 2 };
const tinySize = { projects: 3, requests: 5, rounds: 2, warmUps: 0 };
const maxRatio = 1.2;
/** Work that continues after a response must not delay the next command. */
const idleMs = 3;
const transports: readonly Transport[] = [socketMode, httpMode];

export const ack: Benchmark = {
  title: 'request to ack',
  notes: [
    `The time from the moment when the fake Slack sends a command until it receives the ack. ${fullSize.projects} projects are Running.`,
    `Each round sends ${fullSize.requests} commands of each kind, one by one, to the bot and to the baseline in random order.`,
    'The baseline is a Bolt app in its own process with the same receiver; it only acknowledges.',
    `The next command is sent ${idleMs} ms after the response to the previous one.`,
  ],
  async measure({ tiny }) {
    const rows: Row[] = [];
    for (const transport of transports) rows.push(...(await measureTransport(transport, tiny ? tinySize : fullSize)));
    return rows;
  },
};

async function measureTransport(transport: Transport, size: typeof fullSize): Promise<Row[]> {
  await using fixture = await startRedisFixture();
  const definitions = makeDefinitions({ projects: size.projects, linksEach: 3 });
  await createQueues(fixture.redis, queueNames(definitions), { waiting: 3 });
  await using bot = await startBot(transport, fixture, { name: 'ack', definitions, state: 'running' });
  await using baselineBolt = await startBaselineBolt(transport);
  const measureOnce = async (): Promise<Readonly<Record<Side, number[]>>> => {
    const times: Record<Side, number[]> = { list: [], baselineList: [], pause: [], baselinePause: [] };
    for (let index = 0; index < size.requests; index++) {
      const text = { list: 'list', pause: `pause ${definitions[index % definitions.length]?.id}` };
      const measureSide: Readonly<Record<Side, () => Promise<number>>> = {
        list: () => measureAck(bot, text.list, true),
        baselineList: () => measureAck(baselineBolt, text.list, false),
        pause: () => measureAck(bot, text.pause, true),
        baselinePause: () => measureAck(baselineBolt, text.pause, false),
      };
      // In random order, so that no side always follows the same one, and other load on the machine hits all sides.
      for (const side of shuffled(sides)) times[side].push(await measureSide[side]());
    }
    for (const { slack } of [bot, baselineBolt]) slack.reloadClient(benchmarkUser.user);
    return times;
  };
  const { round: samples } = await interleaved({ round: measureOnce }, size);
  const percentiles = (side: Side, quantile: number) => samples.map((times) => percentile(times[side], quantile));
  return (['p50', 'p99'] as const).flatMap((quantile) =>
    (['list', 'pause'] as const).map((command) =>
      compareRow({
        name: `${transport.name}, ${command}, ${quantile}`,
        unit: 'ms',
        subject: percentiles(command, quantiles[quantile]),
        baseline: percentiles(command === 'list' ? 'baselineList' : 'baselinePause', quantiles[quantile]),
        atMost: maxRatio,
      }),
    ),
  );
}

const quantiles = { p50: 0.5, p99: 0.99 };

const sides = ['list', 'baselineList', 'pause', 'baselinePause'] as const;
type Side = (typeof sides)[number];

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, position: Math.random() }))
    .sort((a, b) => a.position - b.position)
    .map(({ item }) => item);
}

/** Returns the time until the ack in ms. `waitsForResponse` is false for the baseline, which sends no response. */
async function measureAck({ slack }: MeasuredApp, text: string, waitsForResponse: boolean): Promise<number> {
  const callsBefore = slack.calls.length;
  const delivery = slack.command({ ...benchmarkUser, text });
  const acked = await delivery.acked;
  if (acked.kind !== 'acked') throw new Error(`no ack: ${acked.kind}`);
  if (waitsForResponse) await waitForResponse(slack, delivery.responseUrl, callsBefore);
  await delay(idleMs);
  return acked.afterMs;
}
