import { interleaved } from './measure.ts';
import { makeQueues } from './queues.ts';
import { alone, type Benchmark, compared, type Row } from './result.ts';
import { answered, type Listener, person, preciseNow, socketMode, startBot } from './slack-stage.ts';
import { definitionsOf, openStage, queuesOf } from './stage.ts';

const full = { sizes: [10, 1_000, 10_000], requests: 3, rounds: 9, warmUps: 2 };
const small = { sizes: [3, 20], requests: 1, rounds: 2, warmUps: 0 };
const atMost = 1.3;

export const list: Benchmark = {
  title: '`list` from request to answer',
  notes: [
    'From the moment at which the fake of Slack sends `/sync list` until the answer has been posted to its response_url; running projects of 3 links, ' +
      'a bot and a Redis for each number of projects. The floor is the smallest number, measured in the same round.',
  ],
  async measure({ tiny }) {
    const { sizes, ...size } = tiny ? small : full;
    const stages: AsyncDisposable[] = [];
    try {
      const bots = [];
      for (const projects of sizes) {
        const opened = await openBot(projects);
        stages.push(...opened.parts);
        bots.push({ projects, bot: opened.bot });
      }
      const sides = Object.fromEntries(
        bots.map(({ projects, bot }) => [`n${projects}`, () => askSome(bot, size.requests)]),
      );
      return rowsOf(sizes, await interleaved(sides, size));
    } finally {
      for (const part of stages.reverse()) await part[Symbol.asyncDispose]();
    }
  },
};

async function openBot(projects: number) {
  const stage = await openStage();
  const definitions = definitionsOf({ projects, linksEach: 3 });
  await makeQueues(stage.redis, queuesOf(definitions), { waiting: 3 });
  const bot = await startBot(socketMode, stage, { name: `list-${projects}`, definitions, state: 'running' });
  return { bot, parts: [stage, bot] };
}

/** The mean of some answers, ms. */
async function askSome({ slack }: Listener, requests: number): Promise<number> {
  let sum = 0;
  for (let index = 0; index < requests; index++) {
    const from = slack.calls.length;
    const start = preciseNow();
    const { acked, responseUrl } = slack.command({ ...person, text: 'list' });
    const at = await answered(slack, responseUrl, from);
    await acked;
    sum += at - start;
  }
  slack.reloadClient(person.user);
  return sum / requests;
}

function rowsOf(sizes: readonly number[], samples: Readonly<Record<string, readonly number[]>>): Row[] {
  const of = (projects: number) => samples[`n${projects}`] ?? [];
  const [least = 0] = sizes;
  const most = sizes.at(-1);
  return sizes.map((projects) => {
    const row = { name: `${projects} projects`, unit: 'ms', ours: of(projects) };
    if (projects === least) return alone(row);
    return compared({ ...row, floor: of(least), atMost: projects === most ? atMost : null });
  });
}
