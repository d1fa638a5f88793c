import { afterEach, beforeEach, expect, it } from 'vitest';
import { renderedText } from '../fake-slack/rendered-message.ts';
import type { MessageView } from '../fake-slack/types.ts';
import {
  buttonLabels,
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  threadReplies,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let link: TestLink;
beforeEach(async () => {
  harness = await startSlackHarness();
  link = await harness.services.createLink('orders-full');
});
afterEach(() => closeWithoutViolations(harness));

/** Projects whose link has no worker. */
async function createProjects(...ids: readonly string[]): Promise<void> {
  for (const id of ids) await harness.services.createProject(id, [link], { channel: 'C0SYNC' });
  await harness.services.instance.startWorkers();
}

const single = /^orders · No worker/;
const isOnIt = (user: string) =>
  new RegExp(`^orders · No worker[\\s\\S]*<@${user}> is on it since .*No repeats before `);
const answers = (user: string) =>
  harness.slack.messagesVisibleTo(user, 'C0SYNC').filter(({ ephemeralFor }) => ephemeralFor === user);
const ownLabel = "I've Got It";

async function takeAlert(user = 'U0ALICE'): Promise<MessageView> {
  await createProjects('orders');
  harness.press(ownLabel, await waitForChannelMessage(harness, single), user);
  return waitForChannelMessage(harness, isOnIt(user));
}

it("I've Got It is shown in the message of the alert, in list, in show and in the history. The person gets no other answer.", async () => {
  const message = await takeAlert();
  expect(buttonLabels(message)).toEqual(['Show', 'Take Over / Give Back', 'Snooze 1 h']);
  expect(channelMessages(harness)).toHaveLength(1);
  expect([answers('U0ALICE'), threadReplies(harness)]).toEqual([[], []]);
  expect(visibleText(await harness.runCommand('list'))).toMatch(
    /orders · No worker connected · since .* · <@U0ALICE> is on it/,
  );
  expect(visibleText(await harness.runCommand('show orders'))).toMatch(/<@U0ALICE> is on it since /);
  expect(visibleText(await harness.runCommand('history orders'))).toMatch(
    /<@U0ALICE> · took the alert: no worker took its tasks/,
  );
});

it('Home shows who is on the alert, also after another person has taken it over.', async () => {
  const message = await takeAlert();
  harness.slack.views.openHome('U0BOB');
  await waitForHome(/orders · No worker connected · since .* · <@U0ALICE> is on it/);
  harness.press('Take Over / Give Back', message, 'U0BOB');
  await waitForHome(/orders · No worker connected · since .* · <@U0BOB> is on it/);
});

async function waitForHome(pattern: RegExp): Promise<void> {
  const text = () => renderedText(harness.slack.views.homeOf('U0BOB') ?? { blocks: [] }).replaceAll('*', '');
  await harness.slack.waitFor(() => pattern.test(text()), { description: `${pattern} in Home` });
}

it('The second person reads who has the alert. One tap on Take Over / Give Back makes it theirs, and a second tap changes nothing.', async () => {
  const message = await takeAlert();
  const { projects } = harness.services.context;
  const value = JSON.stringify({ target: { project: 'orders' }, seenAt: 0 });
  harness.slack.pressForged({ user: 'U0BOB', channel: 'C0SYNC', actionId: 'sync:v1:alert:own', value });
  const answer = await harness.waitForMessage(/^orders · Taken by <@U0ALICE> .*press Take Over:/, { user: 'U0BOB' });
  expect([answer.ephemeralFor, buttonLabels(answer)]).toEqual(['U0BOB', ['Take Over', 'Show']]);
  await harness.press('Take Over / Give Back', message, 'U0BOB').acked;
  await harness.press('Take Over / Give Back', message, 'U0BOB').acked;
  const takenOver = await waitForChannelMessage(harness, isOnItAfter('U0BOB', 'U0ALICE'));
  expect(takenOver.ts).toBe(message.ts);
  expect((await projects.read('orders'))?.alerts.no_worker?.alert.acknowledgement).toMatchObject({
    kind: 'owned',
    by: 'U0BOB',
    from: 'U0ALICE',
  });
  expect(visibleText(await harness.runCommand('history orders'))).toMatch(
    /<@U0BOB> · took over the alert from <@U0ALICE>: no worker took its tasks/,
  );
});
const isOnItAfter = (user: string, from: string) =>
  new RegExp(`<@${user}> is on it since .*, taken over from <@${from}>`);

it('The person who has the alert gives it back with Take Over / Give Back, and a reply says so.', async () => {
  const message = await takeAlert();
  harness.press('Take Over / Give Back', message);
  const back = await waitForChannelMessage(harness, /<@U0ALICE> was on it from .*, and gave it back <!date/);
  expect(buttonLabels(back)).toEqual(['Show', ownLabel, 'Snooze 1 h']);
  const [reply] = await harness.slack.waitFor(() => {
    const found = threadReplies(harness, /^orders · Given back <!date/);
    return found.length > 0 ? found : null;
  });
  expect(reply?.threadTs).toBe(message.ts);
});

it('Only people who may change projects can take an alert or snooze it.', async () => {
  await createProjects('orders');
  const message = await waitForChannelMessage(harness, single);
  for (const label of [ownLabel, 'Snooze 1 h']) {
    harness.press(label, message, 'U0CAROL');
    await harness.waitForMessage(/You are not an operator/, { user: 'U0CAROL' });
  }
  const alert = (await harness.services.context.projects.read('orders'))?.alerts.no_worker?.alert;
  expect(alert?.acknowledgement).toBeUndefined();
});

it('A press on the message of a group acknowledges each of its alerts.', async () => {
  await createProjects('orders', 'users', 'invoices');
  const group = await waitForChannelMessage(harness, /^3 projects · No worker takes their tasks/);
  harness.press('Snooze 1 h', group, 'U0BOB');
  const snoozed = await waitForChannelMessage(harness, /^3 projects [\s\S]*Snoozed by <@U0BOB> until /);
  expect(buttonLabels(snoozed)).toEqual(['Show', 'Show', 'Show', 'Show All', ownLabel]);
  harness.press(ownLabel, snoozed);
  await waitForChannelMessage(harness, /^3 projects [\s\S]*\n<@U0ALICE> is on it since /);
  for (const id of ['orders', 'users', 'invoices'])
    expect(visibleText(await harness.runCommand(`history ${id}`))).toMatch(/snoozed the alert until /);
});

it('A press in show answers with the new state of the project, and changes the message of the alert too.', async () => {
  await createProjects('orders');
  await waitForChannelMessage(harness, single);
  const shown = await harness.runCommand('show orders');
  expect(buttonLabels(shown)).toEqual(expect.arrayContaining([ownLabel, 'Snooze 1 h']));
  harness.press(ownLabel, shown);
  const replaced = await harness.waitForMessage(/^orders · Running[\s\S]*<@U0ALICE> is on it since /);
  expect([replaced.ts, replaced.ephemeralFor]).toEqual([shown.ts, 'U0ALICE']);
  await waitForChannelMessage(harness, isOnIt('U0ALICE'));
});

it('A button of an alert that is resolved meanwhile changes nothing, and says so.', async () => {
  const message = await takeAlert();
  await link.startWorker(async () => {});
  await waitForChannelMessage(harness, /^orders · Resolved <!date/);
  const value = JSON.stringify({ target: { channel: 'C0SYNC', group: 'no_worker:1' }, seenAt: 0 });
  harness.slack.pressForged({ user: 'U0BOB', channel: 'C0SYNC', actionId: 'sync:v1:alert:own', value });
  await harness.waitForMessage(/This alert does not fire any more. Nothing was changed/, { user: 'U0BOB' });
  harness.slack.pressForged({ user: 'U0BOB', channel: 'C0SYNC', actionId: 'sync:v1:alert:snooze', value: 'orders' });
  await harness.waitForMessage(/older version/, { user: 'U0BOB' });
  expect(buttonLabels(message)).toContain('Take Over / Give Back');
});
