import { expect, it } from 'vitest';
import { needsNotification } from '../../src/domain/alert.ts';
import { withTitles } from '../support/fault-scenario.ts';
import { buttonLabels, type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';

const failedText = 'payments · Failed · a task failed';
const resolvedText = 'payments · Was Failed until a restore';
const restoredText = 'payments was restored';

/** Bob restores with the button of the alert. The messages after every notification, in any order. */
const cases = [
  {
    fault: 'chat.postMessage answers 429, Retry-After 1 s, twice',
    during: 'the alert',
    sees: [resolvedText, restoredText],
  },
  { fault: 'chat.postMessage answers 503', during: 'the alert', sees: [resolvedText, restoredText] },
  {
    fault: 'the connection breaks after Slack accepted the alert',
    during: 'the alert',
    sees: [failedText, resolvedText, restoredText],
  },
  {
    fault: 'chat.update answers 429, Retry-After 1 s, twice',
    during: 'the restore',
    sees: [resolvedText, restoredText],
  },
  { fault: 'the bot’s socket breaks', during: 'the restore', sees: [resolvedText, restoredText] },
  {
    fault: 'a person deletes the alert after Restore was pressed',
    during: 'the restore',
    sees: [resolvedText, restoredText],
  },
] as const;

type InjectFault = (harness: SlackHarness) => unknown;

const injectors: Record<(typeof cases)[number]['fault'], InjectFault> = {
  'chat.postMessage answers 429, Retry-After 1 s, twice': ({ slack }) =>
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 1, times: 2 }),
  'chat.postMessage answers 503': ({ slack }) => slack.injectFault({ method: 'chat.postMessage', status: 503 }),
  'the connection breaks after Slack accepted the alert': ({ slack }) =>
    slack.injectFault({ method: 'chat.postMessage', dropReply: true }),
  'chat.update answers 429, Retry-After 1 s, twice': ({ slack }) =>
    slack.injectFault({ method: 'chat.update', retryAfter: 1, times: 2 }),
  'the bot’s socket breaks': async ({ slack, bot }) => {
    slack.terminateSocket();
    await slack.waitFor(() => !bot.slackApp.isConnected());
    await slack.waitFor(() => bot.slackApp.isConnected());
  },
  'a person deletes the alert after Restore was pressed': (harness) =>
    harness.slack.deleteMessage(findAlert(harness).ts),
};

const channelMessages = ({ slack }: SlackHarness) => slack.messagesVisibleTo('U0CAROL', 'C0SYNC');

function findAlert(harness: SlackHarness) {
  const alert = channelMessages(harness).findLast((message) => visibleText(message).includes(failedText));
  if (alert === undefined) throw new Error('no alert');
  return alert;
}

async function startFailingProject(harness: SlackHarness) {
  const link = await harness.services.createLink('payments-full');
  const failingRow = { isRepaired: false };
  await link.startWorker(async () => {
    if (!failingRow.isRepaired) throw new Error('row 17 refused');
  });
  await harness.services.createProject('payments', [link], { channel: 'C0SYNC' });
  await harness.services.instance.startWorkers();
  return { row: failingRow, addFailingTask: () => link.queue.add('change', {}) };
}

const readProject = ({ services }: SlackHarness) => services.context.projects.read('payments');

it.each(withTitles(cases))('%s', async (_title, { fault, during, sees }) => {
  await using harness = await startSlackHarness();
  const { row: failingRow, addFailingTask } = await startFailingProject(harness);
  if (during === 'the alert') await injectors[fault](harness);
  await addFailingTask();
  await harness.slack.waitFor(
    async () => (await readProject(harness))?.alerts.project_failed?.delivered?.message && findAlert(harness),
  );
  failingRow.isRepaired = true;
  harness.press('Restore', findAlert(harness), 'U0BOB');
  const dialog = await harness.waitForMessage('Restore payments?', { user: 'U0BOB' });
  if (during === 'the restore') await injectors[fault](harness);
  harness.press('OK', dialog, 'U0BOB');

  const expected: readonly string[] = sees;
  await harness.slack.waitFor(
    async () => {
      const texts = channelMessages(harness).map(visibleText);
      const allPosted =
        texts.length === expected.length &&
        expected.every((expectedText) => texts.some((text) => text.includes(expectedText)));
      const alertRecord = (await readProject(harness))?.alerts.project_failed;
      return allPosted && alertRecord?.alert.state === 'resolved' && !needsNotification(alertRecord);
    },
    { description: expected.join(', ') },
  );
  expect(await readProject(harness)).toMatchObject({ state: 'running', activeOperation: null });
  expect(harness.slack.violations).toEqual([]);
  if (!expected.includes(failedText)) return;
  harness.press('Restore', findAlert(harness), 'U0CAROL');
  await harness.waitForMessage('You are not an operator', { user: 'U0CAROL' });
  harness.press('Restore', findAlert(harness), 'U0BOB');
  await harness.waitForMessage(/payments is Running already\. Nothing to do\./, { user: 'U0BOB' });
});

it('An alert for an archived channel is logged, and the command still restores the project.', async () => {
  await using harness = await startSlackHarness();
  const { row: failingRow, addFailingTask } = await startFailingProject(harness);
  harness.slack.channel('C0SYNC').isArchived = true;
  await addFailingTask();
  const logMessage = 'alert not delivered to the channel';
  await harness.slack.waitFor(() => harness.logLines.some(({ level, msg }) => level === 40 && msg === logMessage));
  failingRow.isRepaired = true;
  const dialog = await harness.runCommand('restore payments', { channel: 'C0OTHER' });
  expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
  harness.press('OK', dialog);
  await harness.waitForMessage(restoredText, { channel: 'C0OTHER' });
  expect(channelMessages(harness)).toEqual([]);
});
