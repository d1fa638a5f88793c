import { expect, it } from 'vitest';
import { actionIds } from '../../src/slack/action-ids.ts';
import { startSlackHarness, visibleText } from '../support/slack-harness.ts';

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };
const refreshCount = 3;

it('Every command and press is answered once while Slack replaces or cuts the sockets of two bots.', async () => {
  await using harness = await startSlackHarness({ slack: { closeDelayMs: 50, redeliverOnClose: true } });
  const { slack } = harness;
  await harness.addBot();
  await slack.waitForSockets(2);
  const projects: string[] = [];
  const sendCommand = async () => {
    const project = `unknown-${projects.length}-`;
    projects.push(project);
    const { acked } =
      projects.length % 2 === 0
        ? slack.command({ ...alice, text: `show ${project}` })
        : slack.pressForged({ ...alice, actionId: actionIds.show, value: project });
    return acked;
  };
  const acknowledgements: ReturnType<typeof sendCommand>[] = [];
  for (let refreshIndex = 0; refreshIndex < refreshCount; refreshIndex++) {
    for (const closing of ['warning', 'refresh_requested', 'cut'] as const) {
      acknowledgements.push(sendCommand(), sendCommand());
      if (closing === 'cut') slack.terminateSocket(0);
      else slack.announceDisconnect(closing, 0);
      acknowledgements.push(sendCommand(), sendCommand());
      await slack.waitFor(() => slack.sockets.deliverableSocketCount === 2 && slack.sockets.tcpConnectionCount === 2);
    }
  }
  expect((await Promise.all(acknowledgements)).map(({ kind }) => kind)).toEqual(projects.map(() => 'acked'));
  const answers = () => slack.messagesVisibleTo(alice.user, alice.channel).map(visibleText);
  await slack.waitFor(() => answers().length >= projects.length);
  await harness.runCommand('help');
  for (const project of projects) {
    expect(
      answers().filter((answer) => answer.includes(project)),
      project,
    ).toHaveLength(1);
  }
  expect(slack.sockets.unackedAtAppClose).toEqual([]);
  expect(slack.violations).toEqual([]);
});
