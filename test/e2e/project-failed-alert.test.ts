import { afterEach, expect, it } from 'vitest';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  type SlackHarnessOptions,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

/** The buttons for the people of an alert that nothing has acknowledged. */
const acknowledge = ["I've Got It", 'Snooze 1 h'];

let harness: SlackHarness;
afterEach(() => closeWithoutViolations(harness));

const channelMessages = () => harness.slack.messagesVisibleTo('U0CAROL', 'C0SYNC').filter(({ deleted }) => !deleted);
const alertMessages = () =>
  channelMessages().filter((message) =>
    / · Was Failed until |Failed( again .*)? · a task failed/.test(visibleText(message)),
  );
const projectState = async () => (await harness.services.context.projects.read('payments'))?.state;

/** Creates a project whose tasks fail until `row.isRepaired` is true. */
async function startFailingProject(channel: string | null, options: SlackHarnessOptions = {}) {
  harness = await startSlackHarness(options);
  const link: TestLink = await harness.services.createLink('payments-full');
  const failingRow = { isRepaired: false };
  await link.startWorker(async () => {
    if (!failingRow.isRepaired) throw new Error('row 17 refused at db.example.com:5432');
  });
  await harness.services.createProject('payments', [link], { channel });
  await harness.services.instance.startWorkers();
  return { row: failingRow, addFailingTask: () => link.queue.add('change', {}) };
}

it('A failed task fires an alert in the channel, whose Restore button opens the dialog and resolves the alert.', async () => {
  const { row: failingRow, addFailingTask } = await startFailingProject('C0SYNC');
  await addFailingTask();
  const alertMessage = await harness.slack.waitFor(() => alertMessages()[0]);
  expect(visibleText(alertMessage)).toContain('payments · Failed · a task failed on `payments-full`');
  expect(visibleText(alertMessage)).not.toContain('row 17');
  expect(buttonLabels(alertMessage)).toEqual(['Restore', 'Show', ...acknowledge]);
  failingRow.isRepaired = true;
  harness.press('Restore', alertMessage, 'U0BOB');
  const dialog = await harness.waitForMessage('Restore payments?', { user: 'U0BOB' });
  expect(dialog.ephemeralFor).toBe('U0BOB');
  harness.press('OK', dialog, 'U0BOB');
  const resolvedMessage = await harness.slack.waitFor(() =>
    alertMessages().find((message) => buttonLabels(message).length === 0),
  );
  expect(visibleText(resolvedMessage)).toMatch(
    /payments · Was Failed until a restore .*, after .* · a task failed on /,
  );
  expect(resolvedMessage.ts).toBe(alertMessage.ts);
  expect(await projectState()).toBe('running');
});

it('With showErrors the alert shows the masked reason, and a second failure posts a second alert.', async () => {
  const { row: failingRow, addFailingTask } = await startFailingProject('C0SYNC', { showErrors: true });
  await addFailingTask();
  const first = await harness.slack.waitFor(() => alertMessages()[0]);
  expect(visibleText(first)).toContain('row 17 refused at ‹host›');
  await harness.requestAndPressOk('restore', 'payments');
  await harness.slack.waitFor(
    () => alertMessages().length === 2 && buttonLabels(alertMessages()[0] ?? first).length === 0,
  );
  const second = alertMessages()[1] ?? first;
  expect(buttonLabels(second)).toEqual(['Restore', 'Restore Without 1 Task', 'Show', ...acknowledge]);
  expect(visibleText(second)).toMatch(
    /^payments · Failed again (?:\d+ s|less than 1 s) after <@U0ALICE> restored it · 2 failures in a row, same cause · a task failed on `payments-full`: row 17/,
  );
  expect(visibleText(second)).toMatch(/\nAttention, <@U0ALICE>: /);
  await harness.waitForMessage(/payments was restored by <@U0\w+> .*, and became Failed /, { user: 'U0CAROL' });
  failingRow.isRepaired = true;
  await harness.slack.waitFor(async () => (await projectState()) === 'failed');
  await harness.requestAndPressOk('restore', 'payments');
  await harness.slack.waitFor(() => alertMessages().every((message) => buttonLabels(message).length === 0));
  expect(alertMessages()).toHaveLength(2);
});

it('The alert of a project without a channel goes to the channel of its last operation, or is not posted.', async () => {
  const { row: failingRow, addFailingTask } = await startFailingProject(null);
  await addFailingTask();
  await harness.slack.waitFor(
    async () => (await harness.services.context.projects.read('payments'))?.alerts.project_failed?.delivered != null,
  );
  expect(channelMessages()).toEqual([]);
  failingRow.isRepaired = true;
  await harness.requestAndPressOk('restore', 'payments');
  await harness.waitForMessage('payments was restored', { user: 'U0CAROL' });
  failingRow.isRepaired = false;
  await addFailingTask();
  await harness.slack.waitFor(() => alertMessages().length === 1);
});
