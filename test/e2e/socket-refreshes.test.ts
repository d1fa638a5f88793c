import { expect, it } from 'vitest';
import { actionIds } from '../../src/slack/contract.ts';
import { openConversation, said } from '../support/conversation.ts';

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };
const rounds = 3;

it('two bots get new sockets in turn, some of them cut: every command and press is answered once', async () => {
  await using talk = await openConversation({ slack: { closeAfterMs: 50, redelivers: true } });
  const { slack } = talk;
  await talk.anotherBot();
  await slack.connected(2);
  const asked: string[] = [];
  const ask = async () => {
    const project = `nobody-has-${asked.length}-`;
    asked.push(project);
    const { acked } =
      asked.length % 2 === 0
        ? slack.command({ ...alice, text: `show ${project}` })
        : slack.pressRaw({ ...alice, actionId: actionIds.show, value: project });
    return acked;
  };
  const outcomes: ReturnType<typeof ask>[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const end of ['warning', 'refresh_requested', 'cut'] as const) {
      outcomes.push(ask(), ask());
      if (end === 'cut') slack.cut(0);
      else slack.disconnect(end, 0);
      outcomes.push(ask(), ask());
      await slack.waitFor(() => slack.sockets.deliverableCount === 2 && slack.sockets.tcpCount === 2);
    }
  }
  expect((await Promise.all(outcomes)).map(({ kind }) => kind)).toEqual(asked.map(() => 'acked'));
  const answers = () => slack.messagesSeenBy(alice.user, alice.channel).map(said);
  await slack.waitFor(() => answers().length >= asked.length);
  await talk.ask('help');
  for (const project of asked) {
    expect(
      answers().filter((answer) => answer.includes(project)),
      project,
    ).toHaveLength(1);
  }
  expect(slack.sockets.deserted).toEqual([]);
  expect(slack.violations).toEqual([]);
});
