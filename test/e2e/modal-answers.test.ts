import { afterEach, describe, expect, it } from 'vitest';
import { actionIds } from '../../src/slack/action-ids.ts';
import { actionsBlock, buttonElement } from '../fake-slack/raw-client.ts';
import { buttonsOf } from '../fake-slack/rendered-message.ts';
import { publishHome, waitForModal } from '../support/modal-users.ts';
import {
  closeWithoutViolations,
  type SlackHarness,
  type SlackHarnessOptions,
  startSlackHarness,
  waitForChannelMessage,
} from '../support/slack-harness.ts';

let harness: SlackHarness;
afterEach(() => closeWithoutViolations(harness));

const buttons = actionsBlock(
  buttonElement('Show', actionIds.show, 'orders'),
  buttonElement('Pause', actionIds.request.pause, 'orders'),
  buttonElement('List', actionIds.commands[0] ?? '', 'list'),
);

/** The project orders is Running, and the Home tab of alice has buttons for it. */
async function start({ channel = 'C0SYNC', ...options }: SlackHarnessOptions & { channel?: string | null } = {}) {
  harness = await startSlackHarness(options);
  const link = await harness.services.createLink('orders-full');
  await harness.services.createProject('orders', [link], { channel, state: 'running' });
  await harness.services.instance.startWorkers();
  const view = await publishHome(harness, buttons);
  return { pressHome: (label: string) => harness.slack.views.press({ user: 'U0ALICE', view, label }) };
}

const pressInModal = (label: string) => harness.slack.views.press({ user: 'U0ALICE', label });
const buttonLabels = () =>
  buttonsOf(harness.slack.views.modalOf('U0ALICE') ?? { blocks: [] }).map(({ label }) => label);

describe('a modal', () => {
  it('A press in the Home tab opens it at once, and each answer replaces its content.', async () => {
    const { pressHome } = await start();
    pressHome('Show');
    expect(await waitForModal(harness, 'orders · Running')).toMatchObject({
      title: 'syncbot',
      close: 'Close',
      depth: 1,
    });
    pressInModal('Pause');
    await waitForModal(harness, 'Pause orders?');
    expect(harness.slack.views.modalOf('U0ALICE')).toMatchObject({ submit: 'OK', close: 'Cancel' });
    harness.slack.views.submit('U0ALICE');
    await waitForModal(harness, 'orders was paused');
    await waitForChannelMessage(harness, /orders was paused/);
    expect(harness.slack.callsTo('views.open')).toHaveLength(1);
    expect(harness.slack.callsTo('chat.postEphemeral')).toEqual([]);
  });

  it('Without a channel the outcome is in it, and a direct message if it was closed.', async () => {
    const { pressHome } = await start({ channel: null });
    pressHome('Pause');
    await waitForModal(harness, 'Pause orders?');
    harness.slack.views.submit('U0ALICE');
    await waitForModal(harness, 'orders was paused');
    expect(buttonLabels()).toEqual(['Restore']);
    pressInModal('Restore');
    await waitForModal(harness, 'Restore orders?');
    await harness.slack.views.submit('U0ALICE').acked;
    expect(harness.slack.views.close('U0ALICE')).toBeNull();
    const direct = harness.slack.directMessage('U0ALICE').id;
    await harness.waitForMessage('orders was restored', { channel: direct });
  });

  it('A double tap requests one operation, whose dialog works.', async () => {
    const { pressHome } = await start();
    pressHome('List');
    await waitForModal(harness, '1 project');
    pressInModal('Pause');
    pressInModal('Pause');
    await waitForModal(harness, 'Pause orders?');
    await harness.slack.waitFor(() => harness.logLines.some(({ msg }) => msg === 'second press dropped'));
    harness.slack.views.submit('U0ALICE');
    await waitForModal(harness, 'orders was paused');
  });

  it('With policy.channels a change from the Home tab is refused, and the answer names them.', async () => {
    const { pressHome } = await start({ policy: { operators: ['U0ALICE'], channels: ['C0SYNC'] } });
    pressHome('Pause');
    await waitForModal(harness, 'Projects cannot be changed from Home. Nothing was changed. Use <#C0SYNC>.');
    expect((await harness.services.context.operations.listOpen('orders')).length).toBe(0);
  });

  it('When Slack opens none, the answer is a direct message.', async () => {
    const { pressHome } = await start({ slack: { triggerLifetimeMs: -1 } });
    pressHome('Show');
    const direct = harness.slack.directMessage('U0ALICE').id;
    await harness.waitForMessage('orders · Running', { channel: direct });
  });
});
