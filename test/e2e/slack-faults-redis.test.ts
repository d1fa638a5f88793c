import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/application/faults.ts';
import { jumpingClock } from '../application/hands.ts';
import { said } from '../support/conversation.ts';
import { type Fault, type FaultRow, openWalk, type Send, titled, type Walk } from '../support/fault-walk.ts';

const rows = [
  {
    fault: 'the bot’s Redis is away, and back when alice asks again',
    during: 'the command',
    sees: "alice: Not done: the bot's Redis does not answer. Nothing was changed. Try again in a minute., then orders is Paused; channel: orders is Paused",
  },
  {
    fault: 'the bot’s Redis is away, and back when alice asks again',
    during: 'OK',
    sees: "alice: orders is Paused, then Not done: the bot's Redis does not answer. Nothing was changed. Try again in a minute.; channel: orders is Paused",
  },
  {
    fault: 'the bot’s Redis took OK, its reply is lost, and it is away for a while',
    during: 'OK',
    sees: 'alice: orders is Paused, then Checking whether this got through; channel: orders is Paused',
  },
  {
    fault: 'the bot’s Redis goes away before it took OK, and is back after a while',
    during: 'OK',
    sees: 'alice: orders is Paused, then Checking whether this got through; channel: orders is Paused',
  },
  {
    fault: 'the bot’s Redis took OK, its reply is lost, and it is away for longer than two minutes',
    during: 'OK',
    sees: 'alice: orders is Paused, then Checking whether this got through, then It is not known whether this got through; channel: orders is Paused',
  },
  {
    fault: 'the bot’s Redis goes away while Slack takes the first message',
    during: 'OK',
    sees: 'alice: orders is Paused, then Not done; channel: orders is Paused',
  },
  {
    fault: 'the bot’s Redis goes away before the operation’s end, and alice asks for the list meanwhile',
    during: 'the outcome',
    sees: 'alice: orders is Paused, then Not done; channel: orders is Paused',
  },
  {
    fault: 'the bot’s Redis took the operation’s end, its reply is lost, and it is away for a while',
    during: 'the outcome',
    sees: 'alice: orders is Paused, then Not done; channel: orders is Paused',
  },
] as const satisfies readonly FaultRow[];

const sent =
  (how: (walk: Walk) => Send): Fault =>
  async (walk) => {
    // Redis knows the script of this step: what is lost below is the reply to the step itself.
    const ref = { project: 'orders', operation: 'none' };
    await walk.talk.world.deps.store.settle({ ref, settlement: 'cancel', by: null, dialog: null });
    walk.next = how(walk);
  };

const hasRejected = (asked: Promise<unknown>, sent: 'no' | 'unknown') =>
  asked.then(
    () => false,
    (error: unknown) => error instanceof StoreUnavailable && error.sent === sent,
  );

const isAway = ({ talk }: Walk) => talk.slack.waitFor(() => talk.world.proxy.isAway);

/** Redis is away until alice has been told so. */
async function listWhileAway(walk: Walk): Promise<void> {
  await isAway(walk);
  expect(said(await walk.talk.ask('list'))).toContain('Not done');
  walk.talk.world.proxy.comeBack();
}

const faults: Record<(typeof rows)[number]['fault'], Fault> = {
  'the bot’s Redis is away, and back when alice asks again': sent(({ talk }) => async (make) => {
    talk.world.proxy.goAway();
    // What is sent before the bot knows counts as lost on the way: the rows below.
    await talk.slack.waitFor(() => hasRejected(talk.world.deps.store.now(), 'no'));
    make();
    await talk.sees('Not done');
    talk.world.proxy.comeBack();
    await talk.slack.waitFor(() => talk.world.deps.store.now());
    make();
  }),
  'the bot’s Redis took OK, its reply is lost, and it is away for a while': sent(({ talk }) => async (make) => {
    talk.world.proxy.loseReplyAndGoAway('confirm');
    make();
    await talk.sees('Checking whether this got through');
    talk.world.proxy.comeBack();
  }),
  'the bot’s Redis goes away before it took OK, and is back after a while': sent(({ talk }) => async (make) => {
    talk.world.proxy.goAwayBefore('confirm');
    make();
    await talk.sees('Checking whether this got through');
    talk.world.proxy.comeBack();
  }),
  'the bot’s Redis took OK, its reply is lost, and it is away for longer than two minutes': sent(
    ({ talk }) =>
      async (make) => {
        talk.world.proxy.loseReplyAndGoAway('confirm');
        make();
        await talk.slack.waitFor(() => talk.sees('It is not known whether this got through'), { timeoutMs: 30_000 });
        talk.world.proxy.comeBack();
      },
  ),
  'the bot’s Redis goes away while Slack takes the first message': (walk) => {
    const { slack, world } = walk.talk;
    const posting = slack.fail({ method: 'chat.postMessage', hang: true });
    walk.next = async (make) => {
      make();
      await posting.firstHit;
      world.proxy.goAway();
      posting.release();
      await slack.waitFor(() => slack.callsTo('chat.postMessage').some(({ result }) => result === 'ok'));
      await listWhileAway(walk);
    };
  },
  'the bot’s Redis goes away before the operation’s end, and alice asks for the list meanwhile': (walk) => {
    walk.talk.world.proxy.goAwayBefore('linksDone');
    const listed = listWhileAway(walk);
    return () => listed;
  },
  'the bot’s Redis took the operation’s end, its reply is lost, and it is away for a while': (walk) => {
    walk.talk.world.proxy.loseReplyAndGoAway('linksDone');
    const listed = listWhileAway(walk);
    return () => listed;
  },
};

it.each(titled(rows))('%s', async (_title, { fault, during, sees }) => {
  // The two minutes for which a lost reply is asked for pass in some seconds.
  const overrides = fault.includes('two minutes') ? { clock: jumpingClock() } : {};
  await using walk = await openWalk({ proxied: true, overrides });
  await walk.go(during, faults[fault]);
  await walk.expectSees(sees);
  await walk.expectPaused();
  expect(await walk.talk.world.deps.store.recentOperations('orders', 9)).toHaveLength(1);
  expect(walk.talk.slack.violations).toEqual([]);
});
