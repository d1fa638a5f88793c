import { join } from 'node:path';
import { startBatchSubject } from './batch-subject.ts';
import { startPauseBaseline } from './pause-baseline.ts';
import { buildFolder, startSyncbot } from './processes.ts';
import { createQueues } from './queues.ts';
import { makeDefinitions, queueNames, type RedisFixture, startRedisFixture } from './redis-fixture.ts';
import { type Benchmark, compareRow, type Row, singleRow } from './result.ts';
import { benchmarkUser, socketMode, startBot, waitForResponse } from './slack-fixture.ts';
import { interleaved } from './statistics.ts';

const linksEach = 10;
const fullSizes = [
  { projects: 1, rounds: 11, warmUps: 3 },
  { projects: 100, rounds: 7, warmUps: 2 },
  { projects: 1_000, rounds: 5, warmUps: 1 },
];
const tinySizes = [
  { projects: 1, rounds: 2, warmUps: 0 },
  { projects: 3, rounds: 2, warmUps: 0 },
];
const maxRatio = 1.5;

export const batch: Benchmark = {
  title: 'OK of a batch to last link paused',
  notes: [
    `The time from the moment when Bolt calls the listener of OK until the last link is paused. Each project has ${linksEach} links.`,
    'Bot and worker are in one process, their Redis and the links on one server. Slack and the receiver are not measured.',
    'The baseline is that of benchmark c for as many links: one job, and one read and one pause of each link.',
    'The Slack calls are those of a bot in its own process, from OK until its message shows that all projects were paused.',
  ],
  async measure({ tiny }) {
    const sizes = tiny ? tinySizes : fullSizes;
    const rows: Row[] = [];
    for (const size of sizes) rows.push(await measureTime(size));
    for (const { projects } of sizes) rows.push(await countSlackCalls(projects));
    return rows;
  },
};

async function measureTime({ projects, ...rounds }: (typeof fullSizes)[number]): Promise<Row> {
  await using fixture = await startRedisFixture();
  const names = await createLinks(fixture, projects);
  await using subject = await startBatchSubject(fixture.url, fixture.redis, linksEach);
  await using baseline = await startPauseBaseline(fixture.url, fixture.redis);
  const samples = await interleaved(
    { subject: () => subject.measurePauseMs(projects), baseline: () => baseline.measurePauseMs(names) },
    rounds,
  );
  return compareRow({ name: describeSize(projects), unit: 'ms', ...samples, atMost: maxRatio });
}

async function createLinks({ redis }: RedisFixture, projects: number): Promise<string[]> {
  const names = queueNames(makeDefinitions({ projects, linksEach }));
  await createQueues(redis, names, { waiting: 1 });
  return names;
}

function describeSize(projects: number): string {
  return projects === 1 ? '1 project' : `${projects} projects`;
}

async function countSlackCalls(projects: number): Promise<Row> {
  await using fixture = await startRedisFixture();
  await createLinks(fixture, projects);
  const name = `batch-${projects}`;
  const definitions = makeDefinitions({ projects, linksEach });
  await using bot = await startBot(socketMode, fixture, { name, definitions, state: 'running' });
  const env = { REDIS_URL: fixture.url, SYNCBOT_CONFIG: join(buildFolder, `${name}.yml`) };
  await using _worker = await startSyncbot({ role: 'worker', env });
  const { slack } = bot;
  // One project is no batch: its operation has a message of its own.
  const { responseUrl } = slack.command({ ...benchmarkUser, text: 'pause state:running' });
  await waitForResponse(slack, responseUrl, 0);
  const callsBefore = slack.calls.length;
  const dialog = slack.messagesVisibleTo(benchmarkUser.user, benchmarkUser.channel).at(-1);
  if (dialog === undefined) throw new Error('no dialog');
  slack.press({ user: benchmarkUser.user, message: dialog, label: 'OK' });
  await slack.waitFor(
    () =>
      slack
        .messagesVisibleTo(benchmarkUser.user, benchmarkUser.channel)
        .find(({ text }) => /(was|were) paused/.test(text)),
    { description: 'the outcome', timeoutMs: 120_000 },
  );
  return singleRow({
    name: `${describeSize(projects)}, Slack calls`,
    unit: '',
    subject: [slack.calls.length - callsBefore],
  });
}
