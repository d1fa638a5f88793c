import { afterEach, beforeEach, expect, it } from 'vitest';
import { applyPlan } from '../../src/application/apply-plan.ts';
import { planApply } from '../../src/application/plan.ts';
import { type Digest, digestKey } from '../../src/domain/digest.ts';
import {
  buttonLabels,
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';
import { testSettings } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

/** A digest whose time of day began within the last minute, in a time zone where it is about noon. */
function digestOfThisMinute(channel: string): Digest {
  const now = new Date();
  const hoursWest = now.getUTCHours() - 12;
  const timezone = `Etc/GMT${hoursWest < 0 ? '-' : '+'}${Math.abs(hoursWest)}`;
  return { at: `12:${String(now.getUTCMinutes()).padStart(2, '0')}`, timezone, channel };
}

let harness: SlackHarness;
let digest: Digest;
beforeEach(async () => {
  digest = digestOfThisMinute('C0SYNC');
  harness = await startSlackHarness({ digests: [digest] });
  const link = await harness.services.createLink('orders-full');
  await harness.services.createProject('orders', [link]);
  await harness.services.instance.startWorkers();
});
afterEach(() => closeWithoutViolations(harness));

const readRecord = () => harness.services.redis.hget('syncbot:digests', digestKey(digest));

/** Moves the last digest an hour into the past, so that the one of this minute is due. */
async function moveLastDigest(): Promise<void> {
  await waitFor(async () => (await readRecord()) !== null);
  const { digests: records, serverClock } = harness.services.context;
  const until = (await serverClock.now()) - 3_600_000;
  await records.save(new Map([[digestKey(digest), { reportedUntil: until, doneUntil: until }]]));
}

/** The digest of another day. When it is posted, an earlier one would have been posted twice before it. */
async function waitForDigests(count: number): Promise<void> {
  await waitFor(() => channelMessages(harness, digests).length >= count);
  expect(channelMessages(harness, digests)).toHaveLength(count);
}
const digests = /^Digest · |Nothing happened since/;

it('A digest is posted once with several bots and workers, and after a restart.', async () => {
  await harness.addBot();
  await harness.services.addInstance().startWorkers();
  await moveLastDigest();
  await waitForDigests(1);
  await moveLastDigest();
  await waitForDigests(2);
  await harness.bot[Symbol.asyncDispose]();
  await harness.services.instance.stopWorkers();
  await moveLastDigest();
  await waitForDigests(3);
});

it('A digest that was due while no bot ran is posted once when a bot runs again.', async () => {
  await harness.bot[Symbol.asyncDispose]();
  await harness.services.instance.stopWorkers();
  await harness.services.addInstance().startWorkers();
  await moveLastDigest();
  await waitFor(
    async () => ((await harness.services.instance.health.readJobCounts())?.['notifications']?.['waiting'] ?? 0) > 0,
  );
  await harness.addBot();
  await waitForDigests(1);
  await moveLastDigest();
  await waitForDigests(2);
});

it('A digest shows a pause with its reason, and Show opens the project for the person who presses it.', async () => {
  await waitFor(async () => (await harness.services.context.observations.readLastCycle()) !== null);
  await harness.requestAndPressOk('pause', 'orders', { user: 'U0BOB' });
  await waitForChannelMessage(harness, /orders was paused/);
  await moveLastDigest();
  const message = await waitForChannelMessage(harness, /^Digest · .*By <@U0BOB>/s);
  expect(visibleText(message)).toMatch(/orders · Paused · since .*By <@U0BOB>.*<@U0BOB> · paused 1 of 1 link/s);
  expect(buttonLabels(message)).toEqual(['Show']);
  harness.press('Show', message, 'U0CAROL');
  const details = await harness.waitForMessage(/orders · Paused.*Only you can see this/s, { user: 'U0CAROL' });
  expect(details.ephemeralFor).toBe('U0CAROL');
});

it('A channel that the bot is not in gets no digest, and the log names it.', async () => {
  harness.slack.channel('C0SYNC').members.delete(harness.slack.botUserId);
  await moveLastDigest();
  await waitFor(() => harness.logLines.some(({ msg }) => msg.startsWith('digest not posted')));
  expect(harness.logLines.find(({ msg }) => msg.startsWith('digest not posted'))).toMatchObject({
    level: 40,
    channel: 'C0SYNC',
    code: 'not_in_channel',
  });
  expect(channelMessages(harness)).toEqual([]);
});

it('apply removes the record of a digest that is no longer in the file, and keeps the others.', async () => {
  const { context } = harness.services;
  await waitFor(async () => (await readRecord()) !== null);
  const other = { ...digest, channel: 'C0OPS' };
  await context.digests.save(new Map([[digestKey(other), { reportedUntil: 1, doneUntil: 1 }]]));
  const settings = { ...testSettings, showErrors: false };
  const configuration = {
    policy: { operators: [], channels: [] },
    onCall: [],
    digests: [digest],
    settings,
    connections: {},
  };
  const project = await context.projects.read('orders');
  const projects = project === null ? [] : [{ adopt: false, definition: project.definition }];
  const planned = await planApply(context, { projects, configuration });
  if (planned.kind === 'refused') expect.unreachable();
  await applyPlan(context, { plan: planned.plan, by: 'cli:test' });
  expect([...(await context.digests.readAll()).keys()]).toEqual([digestKey(digest)]);
});
