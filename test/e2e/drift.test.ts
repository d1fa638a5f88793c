import type { Worker } from 'bullmq';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProjectState } from '../../src/domain/project-state.ts';
import type { MessageView } from '../fake-slack/types.ts';
import {
  buttonLabels,
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';
import type { InitialProjectState, TestLink } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

/** The buttons for the people of an alert that nothing has acknowledged. */
const acknowledge = ["I've Got It", 'Snooze 1 h'];

let harness: SlackHarness;
let fullLink: TestLink;
let incrementalLink: TestLink;
/** The worker of `incrementalLink`. */
let worker: Worker;
beforeEach(async () => {
  harness = await startSlackHarness();
  [fullLink, incrementalLink] = [
    await harness.services.createLink('orders-full'),
    await harness.services.createLink('orders-incr'),
  ];
});
afterEach(() => closeWithoutViolations(harness));

const alertMessages = (pattern: RegExp) => channelMessages(harness, pattern);
const waitForAlert = (pattern: RegExp) => waitForChannelMessage(harness, pattern);
const readProject = async () => await harness.services.context.projects.read('orders');
const pauseFlags = async () => Promise.all([fullLink, incrementalLink].map(({ queue }) => queue.isPaused()));
const historyEvents = async () =>
  (await harness.services.context.auditLog.read('orders', { limit: 100 })).map(({ event }) => event);

/** A project whose links have the desired state, with workers. */
async function startWorkersAndProject(
  state: NonNullable<InitialProjectState['state']>,
  links = [fullLink, incrementalLink],
): Promise<void> {
  for (const { queue, startWorker } of [fullLink, incrementalLink]) {
    worker = await startWorker(async () => {});
    if (state !== 'running') await queue.pause();
  }
  await harness.services.createProject('orders', links, { state, channel: 'C0SYNC' });
  await harness.services.instance.startWorkers();
  await waitFor(async () => (await readProject())?.reconciledVersion === 1);
}

async function pressAndConfirm(label: 'Re-apply' | 'Adopt', message: MessageView, question: RegExp): Promise<void> {
  harness.press(label, message, 'U0BOB');
  const dialog = await harness.waitForMessage(question, { user: 'U0BOB' });
  expect([dialog.ephemeralFor, buttonLabels(dialog)]).toEqual(['U0BOB', ['OK', 'Cancel']]);
  harness.press('OK', dialog, 'U0BOB');
}

const waitForState = (state: ProjectState) =>
  waitFor(async () => (await readProject())?.state === state, { description: state });

it('One critical alert fires when another client resumes links of a Paused project, and Re-apply pauses them again.', async () => {
  await startWorkersAndProject('paused');
  await fullLink.queue.resume();
  const alertMessage = await waitForAlert(/orders · Paused, but a link runs · `orders-full`/);
  expect(buttonLabels(alertMessage)).toEqual(['Re-apply', 'Show', ...acknowledge]);
  expect(await pauseFlags()).toEqual([false, true]);
  await pressAndConfirm(
    'Re-apply',
    alertMessage,
    /Re-apply orders\?[\s\S]*pause the links again, because orders is Paused\. .*orders-full.* stops taking tasks\./,
  );
  await waitForAlert(/orders was re-applied · its links were set to its state · by <@U0BOB>/);
  expect(await pauseFlags()).toEqual([true, true]);
  const resolvedMessage = await waitForAlert(/Resolved .* · links ran although they should have been paused/);
  expect([resolvedMessage.ts, buttonLabels(resolvedMessage)]).toEqual([alertMessage.ts, []]);
  expect(await readProject()).toMatchObject({ state: 'paused', by: 'cli:test', activeOperation: null });
  expect(await historyEvents()).toEqual(
    expect.arrayContaining(['alert_firing', 'alert_notified', 'alert_resolved', 'done']),
  );
});

it('Adopt makes a Paused project Running when all its links were resumed, and changes no link.', async () => {
  await startWorkersAndProject('paused');
  for (const { queue } of [fullLink, incrementalLink]) await queue.resume();
  const alertMessage = await waitForAlert(/Paused, but 2 links run/);
  expect(buttonLabels(alertMessage)).toEqual(['Re-apply', 'Adopt', 'Show', ...acknowledge]);
  const metaBefore = await fullLink.queue.getMeta();
  await pressAndConfirm(
    'Adopt',
    alertMessage,
    /Adopt orders\?[\s\S]*record the project as Running\. All of its links are running already, and none is changed/,
  );
  await waitForState('running');
  await waitForAlert(/orders was adopted · its state was taken from its links: Running · by <@U0BOB>/);
  expect([await pauseFlags(), await fullLink.queue.getMeta()]).toEqual([[false, false], metaBefore]);
  expect(await readProject()).toMatchObject({ by: 'U0BOB', activeOperation: null });
});

it('One alert fires when another client pauses a link of a Running project, and it resolves when the link is resumed.', async () => {
  await startWorkersAndProject('running');
  await incrementalLink.queue.pause();
  const alertMessage = await waitForAlert(/Running, but a link is paused · `orders-incr`/);
  expect(visibleText(alertMessage)).not.toContain('Attention');
  expect(buttonLabels(alertMessage)).toEqual(['Re-apply', 'Show', ...acknowledge]);
  expect(await pauseFlags()).toEqual([false, true]);
  harness.press('Show', alertMessage, 'U0BOB');
  const projectMessage = await harness.waitForMessage(/Alert · .*orders-incr/, { user: 'U0BOB' });
  expect(buttonLabels(projectMessage)).toContain('Re-apply');
  await incrementalLink.queue.resume();
  expect((await waitForAlert(/Resolved .* · links were paused although they should have run/)).ts).toBe(
    alertMessage.ts,
  );
});

it('Adopt makes a Running project Paused when all its links were paused, and a restore works afterwards.', async () => {
  await startWorkersAndProject('running');
  for (const { queue } of [fullLink, incrementalLink]) await queue.pause();
  const alertMessage = await waitForAlert(/Running, but 2 links are paused/);
  await pressAndConfirm('Adopt', alertMessage, /Adopt orders\?[\s\S]*record the project as Paused/);
  await waitForState('paused');
  await harness.requestAndPressOk('restore', 'orders');
  await waitForState('running');
  expect(await pauseFlags()).toEqual([false, false]);
});

it('An alert fires when a queue is deleted, and Re-apply continues without it.', async () => {
  await startWorkersAndProject('running');
  await worker.close();
  await harness.services.redis.del(...(await harness.services.redis.keys('bull:orders-incr:*')));
  const alertMessage = await waitForAlert(/Queue missing · `orders-incr`/);
  await pressAndConfirm('Re-apply', alertMessage, /syncbot goes on without the queue of `orders-incr`/);
  await waitForAlert(/Resolved .* · a queue was missing · `orders-incr`/);
  expect((await readProject())?.pendingLinks).toEqual(['default/bull:orders-incr']);
  expect(await harness.services.redis.keys('bull:orders-incr:meta')).toEqual([]);
});

it('A queue that is created while the project is Paused is paused at once. The history has its alert, and the channel gets no message.', async () => {
  const lateLink = { link: { queue: 'orders-late', connection: 'default', prefix: 'bull' } } as TestLink;
  await startWorkersAndProject('paused', [fullLink, lateLink]);
  expect((await readProject())?.pendingLinks).toEqual(['default/bull:orders-late']);
  const createdLink = await harness.services.createLink('orders-late');
  await waitFor(() => createdLink.queue.isPaused());
  const readAlert = async () => (await readProject())?.alerts.queue_created;
  await waitFor(async () => {
    const { alert, delivered } = (await readAlert()) ?? {};
    return alert?.state === 'resolved' && delivered?.seq === alert.seq;
  });
  expect((await readAlert())?.delivered?.message).toBeNull();
  expect(alertMessages(/^/)).toEqual([]);
  expect(await readProject()).toMatchObject({ state: 'paused', pendingLinks: [] });
  expect(await historyEvents()).toEqual(
    expect.arrayContaining(['alert_firing', 'correction_scheduled', 'alert_resolved']),
  );
});

it('Drift while an execution is under way is corrected and audited without an alert.', async () => {
  await startWorkersAndProject('paused');
  await harness.services.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 600_000, 'killed-worker');
  await fullLink.queue.resume();
  await waitFor(
    async () => (await pauseFlags()).every(Boolean) && (await historyEvents()).includes('correction_scheduled'),
  );
  expect(alertMessages(/Paused, but/)).toEqual([]);
});

it('Adopt is refused when the links differ from each other, and Re-apply when there is no drift.', async () => {
  await startWorkersAndProject('paused');
  for (const { queue } of [fullLink, incrementalLink]) await queue.resume();
  const alertMessage = await waitForAlert(/Paused, but 2 links run/);
  await incrementalLink.queue.pause();
  harness.press('Adopt', alertMessage, 'U0BOB');
  await harness.waitForMessage(
    /orders · Not adopted: its links are not all in the same state: `orders-full` runs; `orders-incr` is paused/,
    {
      user: 'U0BOB',
    },
  );
  await fullLink.queue.pause();
  harness.press('Re-apply', alertMessage, 'U0BOB');
  await harness.waitForMessage(/orders is Paused, and its links match its state. Nothing was changed/, {
    user: 'U0BOB',
  });
  expect(await readProject()).toMatchObject({ state: 'paused', version: 1 });
});
