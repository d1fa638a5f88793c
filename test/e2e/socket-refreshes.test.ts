import { expect, it } from 'vitest';
import { actionIds } from '../../src/slack/contract.ts';
import { startSlackHarness, visibleText } from '../support/slack-harness.ts';

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };
const refreshCount = 3;

it('two bots get new sockets in turn, some of them cut: every command and press is answered once', async () => {
  await using harness = await startSlackHarness({ slack: { closeDelayMs: 50, redeliverOnClose: true } });
  const { slack } = harness;
  await harness.addBot();
  await slack.waitForSockets(2);
  const deliveries: string[] = [];
  const sendCommand = async () => {
    const project = `nobody-has-${deliveries.length}-`;
    deliveries.push(project);
    const { acked } =
      deliveries.length % 2 === 0
        ? slack.command({ ...alice, text: `show ${project}` })
        : slack.pressForged({ ...alice, actionId: actionIds.show, value: project });
    return acked;
  };
  const outcomes: ReturnType<typeof sendCommand>[] = [];
  for (let refreshIndex = 0; refreshIndex < refreshCount; refreshIndex++) {
    for (const end of ['warning', 'refresh_requested', 'cut'] as const) {
      outcomes.push(sendCommand(), sendCommand());
      if (end === 'cut') slack.terminateSocket(0);
      else slack.announceDisconnect(end, 0);
      outcomes.push(sendCommand(), sendCommand());
      await slack.waitFor(() => slack.sockets.deliverableSocketCount === 2 && slack.sockets.tcpConnectionCount === 2);
    }
  }
  expect((await Promise.all(outcomes)).map(({ kind }) => kind)).toEqual(deliveries.map(() => 'acked'));
  const answers = () => slack.messagesVisibleTo(alice.user, alice.channel).map(visibleText);
  await slack.waitFor(() => answers().length >= deliveries.length);
  await harness.runCommand('help');
  for (const project of deliveries) {
    expect(
      answers().filter((answer) => answer.includes(project)),
      project,
    ).toHaveLength(1);
  }
  expect(slack.sockets.unackedAtAppClose).toEqual([]);
  expect(slack.violations).toEqual([]);
});
