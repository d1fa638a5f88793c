import { expect, it } from 'vitest';
import type { LogLine } from '../support/conversation.ts';
import { type Fault, type FaultRow, openWalk, type Send, titled, type Walk } from '../support/fault-walk.ts';

const rows = [
  {
    fault: 'Slack asks for a new socket (refresh_requested)',
    during: 'the command',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'Slack asks for a new socket (refresh_requested)',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'Slack asks for a new socket while the operation runs (refresh_requested)',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'Slack warns that the socket will close (warning)',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the socket breaks before the ack, and Slack delivers again',
    during: 'the command',
    sees: 'alice: orders is Paused; channel: orders is Paused; Slack itself: operation_timeout',
  },
  {
    fault: 'the socket breaks before the ack, and Slack delivers again',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused; Slack itself: operation_timeout',
  },
  {
    fault: 'the socket breaks after the ack',
    during: 'the command',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the socket breaks after the ack',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the socket breaks',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'no socket is open, and alice asks again a moment later',
    during: 'the command',
    sees: 'alice: orders is Paused; channel: orders is Paused; Slack itself: dispatch_failed',
  },
  {
    fault: 'no socket is open, and alice asks again a moment later',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused; Slack itself: dispatch_failed',
  },
  {
    fault: 'Slack delivers twice',
    during: 'the command',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'Slack delivers twice',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'Slack delivers twice, over the sockets of two bots',
    during: 'the command',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'Slack delivers twice, over the sockets of two bots',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the bot is busy, and its ack comes too late',
    during: 'the command',
    sees: 'alice: orders is Paused; channel: orders is Paused; Slack itself: operation_timeout',
  },
  {
    fault: 'the bot is busy, and its ack comes too late',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused; Slack itself: operation_timeout',
  },
  {
    fault: 'all of Slack is away (connection refused), and back after the operation',
    during: 'the outcome',
    meanwhile: 'alice: Pausing orders…; channel: Pausing orders…',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'all of Slack answers 503, and works again after the operation',
    during: 'OK',
    meanwhile: 'alice: Pause orders?',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
] as const satisfies readonly FaultRow[];

/** Slack waits this long for an ack here. */
const ackLimitMs = 400;
const isOpen = ({ talk }: Walk) =>
  talk.slack.waitFor(() => talk.slack.sockets.deliverableCount > 0 && talk.bot.slack.isConnected());
const lost = ({ talk }: Walk) => talk.slack.waitFor(() => !talk.bot.slack.isConnected());

const sent =
  (how: (walk: Walk) => Send): Fault =>
  (walk) => {
    walk.next = how(walk);
  };

const deliveredTwice = (walk: Walk): Send => {
  return async (make) => {
    const delivery = make();
    await Promise.all([delivery.acked, walk.talk.slack.redeliver(delivery).acked]);
    // A command is known by its trigger, the press of a dialog by the step that settles it.
    const isKnown = ({ msg, kind }: LogLine) =>
      msg === 'second delivery dropped' || (msg === 'operation settled' && kind === 'repeated');
    await walk.talk.slack.waitFor(() => walk.talk.logged.some(isKnown));
  };
};

const faults: Record<(typeof rows)[number]['fault'], Fault> = {
  'Slack asks for a new socket (refresh_requested)': sent((walk) => async (make) => {
    walk.talk.slack.disconnect('refresh_requested');
    await isOpen(walk);
    expect((await make().acked).kind).toBe('acked');
  }),
  'Slack asks for a new socket while the operation runs (refresh_requested)': (walk) => {
    walk.talk.slack.disconnect('refresh_requested');
  },
  'Slack warns that the socket will close (warning)': sent((walk) => async (make) => {
    walk.talk.slack.disconnect('warning');
    expect((await make().acked).kind).toBe('acked');
    expect(walk.talk.bot.slack.isConnected()).toBe(true);
  }),
  'the socket breaks before the ack, and Slack delivers again': sent((walk) => async (make) => {
    const delivery = make();
    walk.talk.slack.cut();
    await lost(walk);
    await isOpen(walk);
    expect((await walk.talk.slack.redeliver(delivery).acked).kind).toBe('acked');
    await delivery.acked;
  }),
  'the socket breaks after the ack': sent((walk) => async (make) => {
    expect((await make().acked).kind).toBe('acked');
    walk.talk.slack.cut();
    await lost(walk);
    await isOpen(walk);
  }),
  'the socket breaks': async (walk) => {
    walk.talk.slack.cut();
    await lost(walk);
  },
  'no socket is open, and alice asks again a moment later': sent((walk) => async (make) => {
    walk.talk.slack.cut();
    await walk.talk.slack.waitFor(() => walk.talk.slack.socketCount === 0);
    expect((await make().acked).kind).toBe('dispatch_failed');
    await isOpen(walk);
    expect((await make().acked).kind).toBe('acked');
  }),
  'Slack delivers twice': sent(deliveredTwice),
  'Slack delivers twice, over the sockets of two bots': async (walk) => {
    await walk.talk.anotherBot();
    await walk.talk.slack.connected(2);
    walk.next = deliveredTwice(walk);
  },
  'the bot is busy, and its ack comes too late': sent(() => async (make) => {
    const delivery = make();
    const until = performance.now() + 2 * ackLimitMs;
    while (performance.now() < until);
    expect((await delivery.acked).kind).toBe('operation_timeout');
  }),
  'all of Slack is away (connection refused), and back after the operation': async (walk) => {
    await walk.talk.slack.goDown();
    return async () => {
      await walk.talk.slack.waitFor(() => walk.talk.logged.some(({ msg }) => msg === 'Slack connection not back yet'));
      await walk.talk.slack.comeBack();
      walk.timeFlies();
      await isOpen(walk);
    };
  },
  'all of Slack answers 503, and works again after the operation': (walk) => {
    const fault = walk.talk.slack.fail({ method: '*', status: 503, times: 1_000 });
    return async () => {
      await walk.talk.slack.waitFor(() => fault.hits > 2);
      fault.cancel();
      walk.timeFlies();
    };
  },
};

it.each(titled(rows))('%s', async (_title, { fault, during, sees, ...row }) => {
  await using walk = await openWalk({ slack: { ackLimitMs } });
  await walk.go(during, faults[fault], 'meanwhile' in row ? row.meanwhile : undefined);
  await walk.expectSees(sees);
  await walk.expectPaused();
  expect(await walk.talk.world.deps.store.recentOperations('orders', 9)).toHaveLength(1);
  await isOpen(walk);
  await walk.talk.ask('list', { user: 'U0BOB' });
  const late = fault === 'the bot is busy, and its ack comes too late' ? ['ack_too_late'] : [];
  expect(walk.talk.slack.violations.map(({ rule }) => rule)).toEqual(late);
});
