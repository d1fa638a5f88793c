import { expect, it } from 'vitest';
import { type Fault, type FaultRow, openWalk, titled, type Walk } from '../support/fault-walk.ts';

const rows = [
  {
    fault: 'the channel does not exist any more (channel_not_found)',
    during: 'OK',
    sees: 'alice: orders is Paused',
  },
  {
    fault: 'only some people may post in the channel (restricted_action)',
    during: 'OK',
    sees: 'alice: orders is Paused',
  },
  {
    fault: 'the bot is removed from the channel',
    during: 'OK',
    sees: 'alice: orders is Paused',
  },
  {
    fault: 'the bot is removed from the channel',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: Pausing orders…',
  },
  {
    fault: 'the message is deleted, and only some people may post in the channel (restricted_action)',
    during: 'the outcome',
    sees: 'alice: orders is Paused',
  },
  {
    fault: 'the channel is archived',
    during: 'OK',
    sees: 'alice: Pause orders?; direct message: orders is Paused',
  },
  {
    fault: 'the channel is archived',
    during: 'the outcome',
    sees: 'alice: Pausing orders…; channel: Pausing orders…; direct message: orders is Paused',
  },
  {
    fault: 'the bot is removed from the channel, and the dialog is older than 30 minutes',
    during: 'the outcome',
    sees: 'alice: Pausing orders…; channel: Pausing orders…; direct message: orders is Paused',
  },
  {
    fault: 'the bot is removed from the channel, and the dialog’s five answers are used up',
    during: 'the outcome',
    sees: 'alice: Pausing orders…; channel: Pausing orders…; direct message: orders is Paused',
  },
  {
    fault: 'the bot is removed from the channel, and Slack does not know the dialog any more (404)',
    during: 'the outcome',
    sees: 'alice: Pausing orders…; channel: Pausing orders…; direct message: orders is Paused',
  },
  {
    fault: 'the bot is removed from the channel, and the dialog says that it is used up (200, ok: false, used_url)',
    during: 'the outcome',
    sees: 'alice: Pausing orders…; channel: Pausing orders…; direct message: orders is Paused',
  },
  {
    fault: 'the bot is removed from the channel, and the dialog answers 500 for a while',
    during: 'the outcome',
    meanwhile: 'alice: Pausing orders…; channel: Pausing orders…',
    sees: 'alice: orders is Paused; channel: Pausing orders…',
  },
  {
    fault: 'the channel is archived, and direct messages answer 429, Retry-After 1 s',
    during: 'OK',
    sees: 'alice: Pause orders?; direct message: orders is Paused',
  },
  {
    fault: 'the channel is archived, and the bot may not write to alice (messages_tab_disabled)',
    during: 'OK',
    sees: 'alice: Pause orders?',
  },
] as const satisfies readonly FaultRow[];

const post = 'chat.postMessage';
const removed = ({ talk }: Walk) => talk.slack.channel('C0SYNC').members.delete(talk.slack.botUserId);
const archived = ({ talk }: Walk) => {
  talk.slack.channel('C0SYNC').isArchived = true;
};

/** Both clocks, that of Slack and that of Redis, go on by half an hour for the dialog. */
async function dialogBecomes(walk: Walk, change: object): Promise<void> {
  const { id, dialog } = await walk.operation();
  await walk.talk.world.redis.hset(`syncbot:{p:orders}:op:${id}`, 'dialog', JSON.stringify({ ...dialog, ...change }));
}

const faults: Record<(typeof rows)[number]['fault'], Fault> = {
  'the channel does not exist any more (channel_not_found)': ({ talk }) => {
    talk.slack.fail({ method: post, error: 'channel_not_found', times: 1_000 });
  },
  'only some people may post in the channel (restricted_action)': ({ talk }) => {
    talk.slack.fail({ method: post, error: 'restricted_action', times: 1_000 });
  },
  'the bot is removed from the channel': removed,
  'the message is deleted, and only some people may post in the channel (restricted_action)': (walk) => {
    walk.talk.slack.deleteMessage(walk.channelMessage().ts);
    walk.talk.slack.fail({ method: post, error: 'restricted_action', times: 1_000 });
  },
  'the channel is archived': archived,
  'the bot is removed from the channel, and the dialog is older than 30 minutes': async (walk) => {
    removed(walk);
    walk.talk.slack.advance(31 * 60_000);
    await dialogBecomes(walk, { until: 1 });
  },
  'the bot is removed from the channel, and the dialog’s five answers are used up': async (walk) => {
    removed(walk);
    await dialogBecomes(walk, { usesLeft: 0 });
  },
  'the bot is removed from the channel, and Slack does not know the dialog any more (404)': (walk) => {
    removed(walk);
    walk.talk.slack.fail({ method: 'response_url', status: 404, times: 1_000 });
  },
  'the bot is removed from the channel, and the dialog says that it is used up (200, ok: false, used_url)': (walk) => {
    removed(walk);
    walk.talk.slack.fail({ method: 'response_url', error: 'used_url', times: 1_000 });
  },
  'the bot is removed from the channel, and the dialog answers 500 for a while': (walk) => {
    removed(walk);
    const fault = walk.talk.slack.fail({ method: 'response_url', status: 500, times: 1_000 });
    return async () => {
      await walk.talk.slack.waitFor(() => fault.hits > 1);
      fault.cancel();
      walk.timeFlies();
    };
  },
  'the channel is archived, and direct messages answer 429, Retry-After 1 s': (walk) => {
    archived(walk);
    walk.talk.slack.fail({ method: post, retryAfter: 1, when: ({ channel }) => channel === 'U0ALICE' });
  },
  'the channel is archived, and the bot may not write to alice (messages_tab_disabled)': (walk) => {
    archived(walk);
    const toAlice = ({ channel }: { channel?: unknown }) => channel === 'U0ALICE';
    walk.talk.slack.fail({ method: post, error: 'messages_tab_disabled', when: toAlice, times: 1_000 });
    return async () => {
      await walk.allTold();
      const { id } = await walk.operation();
      const line = walk.talk.logged.find(({ msg }) => msg === 'outcome could not be told in Slack');
      expect(line).toMatchObject({ level: 40, project: 'orders', operationId: id, code: 'messages_tab_disabled' });
    };
  },
};

it.each(titled(rows))('%s', async (_title, { fault, during, sees, ...row }) => {
  await using walk = await openWalk();
  await walk.go(during, faults[fault], 'meanwhile' in row ? row.meanwhile : undefined);
  await walk.expectSees(sees);
  await walk.expectPaused();
  expect(walk.talk.slack.violations).toEqual([]);
});

it('when nobody could be told: the history does, and the bot’s next answers are right', async () => {
  await using walk = await openWalk();
  const { slack } = walk.talk;
  await walk.go('OK', faults['the channel is archived, and the bot may not write to alice (messages_tab_disabled)']);
  slack.channel('C0SYNC').isArchived = false;
  const history = await walk.talk.ask('history orders', { user: 'U0BOB' });
  expect(history.text + JSON.stringify(history.blocks)).toMatch(/paused[\s\S]*<@U0ALICE>/i);
  expect((await walk.talk.ask('show orders', { user: 'U0BOB' })).text).toContain('orders is Paused');
});
