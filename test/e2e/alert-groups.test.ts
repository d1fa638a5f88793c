import type { Worker } from 'bullmq';
import { afterEach, beforeEach, expect, it } from 'vitest';
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
import type { InitialProjectState, TestLink } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

/** The buttons for the people of an alert that nothing has acknowledged. */
const acknowledge = ["I've Got It", 'Snooze 1 h'];

let harness: SlackHarness;
let link: TestLink;
beforeEach(async () => {
  harness = await startSlackHarness();
  link = await harness.services.createLink('shared');
});
afterEach(() => closeWithoutViolations(harness));

/** Projects with one link, so that one event concerns them all. */
async function createProjects(prefix: string, count: number, options: InitialProjectState = {}): Promise<string[]> {
  const ids = Array.from({ length: count }, (_none, index) => `${prefix}${String(index).padStart(3, '0')}`);
  for (const id of ids) await harness.services.createProject(id, [link], { channel: 'C0SYNC', ...options });
  return ids;
}

const deliveredCount = async (ids: readonly string[], kind: 'project_failed' | 'no_worker', resolved: boolean) => {
  const projects = await harness.services.context.projects.readMany(ids);
  return projects.filter(({ alerts }) => {
    const { alert, delivered } = alerts[kind] ?? {};
    return delivered?.message != null && delivered.resolved === resolved && delivered.seq === alert?.seq;
  }).length;
};
const textOf = (pattern: RegExp) => channelMessages(harness, pattern).map(visibleText);

it('A storm of 100 failed projects is at most three messages, each failed project is in one, and the worst have buttons.', async () => {
  const ids = await createProjects('p', 100);
  await link.startWorker(async () => {
    throw new Error('row 17 refused');
  });
  await harness.services.instance.startWorkers();
  await link.queue.add('change', {});
  await waitFor(async () => (await deliveredCount(ids, 'project_failed', false)) === 100);
  const messages = channelMessages(harness, / · Failed/);
  expect(messages.length).toBeLessThanOrEqual(3);
  const counts = messages.map((message) => Number(/^(\d+) projects? /.exec(visibleText(message))?.[1] ?? 1));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
  const [largest] = messages.filter((message) => buttonLabels(message).includes('Show All'));
  if (largest === undefined) throw new Error('no message of a group');
  expect(buttonLabels(largest)).toEqual(['Restore', 'Restore', 'Restore', 'Show All', ...acknowledge]);
  expect(visibleText(largest)).toMatch(/and \d+ more/);
  harness.press('Show All', largest);
  await harness.waitForMessage(/100 need attention/, { user: 'U0ALICE' });
});

it('Later alerts join the message of their kind, and when all are resolved it is settled, with a reply in its thread.', async () => {
  const first = await createProjects('a', 10);
  await harness.services.instance.startWorkers();
  await waitFor(async () => (await deliveredCount(first, 'no_worker', false)) === 10);
  const later = await createProjects('b', 10);
  const ids = [...first, ...later];
  await waitFor(async () => (await deliveredCount(ids, 'no_worker', false)) === 20);
  const messages = channelMessages(harness, / · No worker/);
  expect(messages.length).toBeLessThanOrEqual(3);
  const worker: Worker = await link.startWorker(async () => {});
  await waitFor(async () => (await deliveredCount(ids, 'no_worker', true)) === 20);
  for (const message of channelMessages(harness)) {
    expect(visibleText(message)).toMatch(/ · Resolved .*, after .* · no worker took (its|their) tasks/);
    expect(buttonLabels(message)).toEqual([]);
  }
  await harness.slack.waitFor(() => threadReplies(harness, / · Resolved <!date/).length === messages.length);
  expect(worker.isRunning()).toBe(true);
});

it('A critical alert is posted during a storm of warnings, and its resolution is broadcast to the channel.', async () => {
  const drifted = await harness.services.createLink('drifted');
  await drifted.queue.pause();
  await harness.services.createProject('critical', [drifted], { channel: 'C0SYNC', state: 'paused' });
  const ids = await createProjects('w', 100);
  await harness.services.instance.startWorkers();
  await waitFor(async () => (await harness.services.context.projects.read('critical'))?.reconciledVersion === 1);
  await drifted.queue.resume();
  const alert = await waitForChannelMessage(harness, /^critical · Paused, but a link runs/);
  expect(buttonLabels(alert)).toEqual(['Re-apply', 'Adopt', 'Show', ...acknowledge]);
  await waitFor(async () => (await deliveredCount(ids, 'no_worker', false)) === 100);
  await drifted.queue.pause();
  await harness.slack.waitFor(() => threadReplies(harness, /^critical · Resolved <!date/)[0]);
  expect(threadReplies(harness, /^critical/)[0]).toMatchObject({ threadTs: alert.ts, isBroadcast: true });
  expect(channelMessages(harness).length).toBeLessThanOrEqual(3 + 2);
  expect(textOf(/^critical/)).toHaveLength(2);
});
