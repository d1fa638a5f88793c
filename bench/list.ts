import { createQueues } from './queues.ts';
import { makeDefinitions, queueNames, startRedisFixture } from './redis-fixture.ts';
import { type Benchmark, compareRow, type Row, singleRow } from './result.ts';
import { benchmarkUser, type MeasuredApp, preciseNow, socketMode, startBot, waitForResponse } from './slack-fixture.ts';
import { interleaved } from './statistics.ts';

const fullSize = { sizes: [10, 1_000, 10_000], requests: 3, rounds: 9, warmUps: 2 };
const tinySize = { sizes: [3, 20], requests: 1, rounds: 2, warmUps: 0 };
const maxRatio = 1.3;

export const list: Benchmark = {
  title: '`list` from request to response',
  notes: [
    'The time from the moment when the fake Slack sends `/sync list` until the response arrives at its response_url.',
    'All projects are Running and have 3 links. Each number of projects has its own bot and its own Redis.',
    'The baseline is the smallest number of projects, measured in the same round.',
  ],
  async measure({ tiny }) {
    const { sizes, ...size } = tiny ? tinySize : fullSize;
    const resources: AsyncDisposable[] = [];
    try {
      const bots = [];
      for (const projects of sizes) {
        const started = await startBotWithProjects(projects);
        resources.push(...started.resources);
        bots.push({ projects, bot: started.bot });
      }
      const measureBySize = Object.fromEntries(
        bots.map(({ projects, bot }) => [`n${projects}`, () => meanResponseMs(bot, size.requests)]),
      );
      return toRows(sizes, await interleaved(measureBySize, size));
    } finally {
      for (const resource of resources.reverse()) await resource[Symbol.asyncDispose]();
    }
  },
};

async function startBotWithProjects(projects: number) {
  const fixture = await startRedisFixture();
  const definitions = makeDefinitions({ projects, linksEach: 3 });
  await createQueues(fixture.redis, queueNames(definitions), { waiting: 3 });
  const bot = await startBot(socketMode, fixture, { name: `list-${projects}`, definitions, state: 'running' });
  return { bot, resources: [fixture, bot] };
}

/** Returns the mean response time of several requests. */
async function meanResponseMs({ slack }: MeasuredApp, requests: number): Promise<number> {
  let sum = 0;
  for (let index = 0; index < requests; index++) {
    const callsBefore = slack.calls.length;
    const start = preciseNow();
    const { acked, responseUrl } = slack.command({ ...benchmarkUser, text: 'list' });
    const respondedAt = await waitForResponse(slack, responseUrl, callsBefore);
    await acked;
    sum += respondedAt - start;
  }
  slack.reloadClient(benchmarkUser.user);
  return sum / requests;
}

function toRows(sizes: readonly number[], samples: Readonly<Record<string, readonly number[]>>): Row[] {
  const samplesFor = (projects: number) => samples[`n${projects}`] ?? [];
  const [smallest = 0] = sizes;
  const largest = sizes.at(-1);
  return sizes.map((projects) => {
    const row = { name: `${projects} projects`, unit: 'ms', subject: samplesFor(projects) };
    if (projects === smallest) return singleRow(row);
    return compareRow({ ...row, baseline: samplesFor(smallest), atMost: projects === largest ? maxRatio : null });
  });
}
