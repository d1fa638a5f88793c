import { afterEach, expect, it } from 'vitest';
import type { MessageView } from '../fake-slack/types.ts';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
afterEach(() => closeWithoutViolations(harness));

const project = () => harness.services.context.projects.read('payments');
const alertMessages = () =>
  harness.slack
    .messagesVisibleTo('U0CAROL', 'C0SYNC')
    .filter((message) => visibleText(message).startsWith('payments · Failed'));

/** A project whose task `bad` has failed, was retried by a restore, and has failed again. Returns the alert. */
async function startPoisonedProject() {
  harness = await startSlackHarness({ showErrors: false });
  const link: TestLink = await harness.services.createLink('payments-full');
  const processed: string[] = [];
  const target = { refuses: true };
  await link.startWorker(async ({ name }) => {
    if (name === 'bad' && target.refuses) throw new Error('row 17 refused at db.example.com:5432');
    processed.push(name);
  });
  await harness.services.createProject('payments', [link], { channel: 'C0SYNC' });
  await harness.services.instance.startWorkers();
  await link.queue.add('bad', { secret: 'payload-1234' });
  const first = await harness.slack.waitFor(() => alertMessages()[0]);
  expect(buttonLabels(first)).not.toContain('Restore Without 1 Task');
  await harness.requestAndPressOk('restore', 'payments');
  const alert: MessageView = await harness.slack.waitFor(() =>
    alertMessages().find((message) => buttonLabels(message).includes('Restore Without 1 Task')),
  );
  await harness.slack.waitFor(() => link.queue.isPaused());
  return { link, alert, processed, target };
}

it('The alert of a second failure offers a restore without the task, which stays failed until Retry.', async () => {
  const { link, alert, processed, target } = await startPoisonedProject();
  expect(visibleText(alert)).toContain('1 task failed again: if its own data is the cause, restore without it.');
  await link.queue.add('next', {});

  harness.press('Restore Without 1 Task', alert, 'U0BOB');
  const dialog = await harness.waitForMessage('Restore payments without 1 task?', { user: 'U0BOB' });
  expect(dialog.ephemeralFor).toBe('U0BOB');
  expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
  expect(visibleText(dialog)).toMatch(/1 on `payments-full`, failed .*: row 17 refused at ‹host›/);
  expect(visibleText(dialog)).not.toContain('payload-1234');
  harness.press('OK', dialog, 'U0BOB');
  await harness.waitForMessage(/payments was restored[\s\S]*1 failed task skipped: 1 on `payments-full`/, {
    user: 'U0CAROL',
  });
  await harness.slack.waitFor(() => processed.length === 1);
  expect(processed).toEqual(['next']);
  expect(await link.queue.getFailedCount()).toBe(1);

  const details = await harness.runCommand('show payments');
  expect(visibleText(details)).toContain('1 skipped task');
  harness.press('Skipped', details, 'U0ALICE');
  const list = await harness.waitForMessage(/payments · 1 skipped task/, { user: 'U0ALICE' });
  expect(visibleText(list)).toMatch(/1 on `payments-full`, failed .*row 17 refused at ‹host› · skipped .* by <@U0BOB>/);
  expect(buttonLabels(list)).toEqual(['Retry', 'Show']);

  target.refuses = false;
  harness.press('Retry', list, 'U0ALICE');
  const retry = await harness.waitForMessage('Retry 1 skipped task of payments?', { user: 'U0ALICE' });
  harness.press('OK', retry, 'U0ALICE');
  await harness.waitForMessage(/payments · Retried 1 skipped task · by <@U0ALICE>/, { user: 'U0CAROL' });
  await harness.slack.waitFor(() => processed.length === 2);
  expect(processed).toEqual(['next', 'bad']);
  expect(await project()).toMatchObject({ state: 'running', skippedTasks: [] });
  expect(visibleText(await harness.runCommand('skipped payments'))).toContain('payments · No skipped task');
});

it('The button in the dialog replaces it by the other dialog, and the older one changes nothing.', async () => {
  await startPoisonedProject();
  const dialog = await harness.runCommand('restore payments', { user: 'U0ALICE' });
  expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel', 'Restore Without 1 Task']);
  harness.press('Restore Without 1 Task', dialog, 'U0ALICE');
  const replaced = await harness.waitForMessage('Restore payments without 1 task?', { user: 'U0ALICE' });
  expect(replaced.ts).toBe(dialog.ts);
  harness.press('OK', replaced, 'U0ALICE');
  await harness.waitForMessage(/payments was restored/, { user: 'U0CAROL' });
  await harness.slack.waitFor(async () => (await project())?.skippedTasks.length === 1);
});

it('A member who is not an operator sees the skipped tasks without reasons and without Retry.', async () => {
  const { alert } = await startPoisonedProject();
  harness.press('Restore Without 1 Task', alert, 'U0CAROL');
  await harness.waitForMessage('You are not an operator', { user: 'U0CAROL' });
  harness.press('Restore Without 1 Task', alert, 'U0BOB');
  harness.press('OK', await harness.waitForMessage('without 1 task?', { user: 'U0BOB' }), 'U0BOB');
  await harness.slack.waitFor(async () => (await project())?.skippedTasks.length === 1);
  const list = await harness.runCommand('skipped payments', { user: 'U0CAROL', channel: 'C0SYNC' });
  expect(visibleText(list)).toContain('1 on `payments-full`, failed <!date');
  expect(visibleText(list)).not.toContain('row 17');
  expect(buttonLabels(list)).toEqual(['Show']);
});
