import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectRawClient, requestBytes } from '../support/raw-http-client.ts';
import {
  type Bot,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let otherBot: Bot;
let link: TestLink;

beforeEach(async () => {
  // Twenty acks at once take longer than Slack's three seconds on a slow machine.
  harness = await startSlackHarness({ transport: 'http', slack: { ackLimitMs: 120_000 } });
  otherBot = await harness.addBot();
  link = await harness.services.createLink('orders-full');
  await harness.services.createProject('orders', [link]);
  await harness.services.instance.startWorkers();
});
afterEach(() => closeWithoutViolations(harness));

const bob = { user: 'U0BOB' };
const operations = (project = 'orders') => harness.services.context.operations.listRecent(project, 10);
const channelMessages = () =>
  harness.slack.messagesVisibleTo('U0BOB', 'C0SYNC').filter((message) => !message.ephemeralFor);
const pauseEvents = async () =>
  (await harness.services.redis.xrange('bull:orders-full:events', '-', '+')).filter(([, fields]) =>
    fields.includes('paused'),
  );

/** Sends the last request of Slack again, unchanged, to one bot. */
async function replayTo({ port }: Bot): Promise<number | undefined> {
  const request = harness.slack.requestUrl.sentRequests.at(-1);
  if (request === undefined) throw new Error('nothing was sent');
  using client = await connectRawClient(port);
  client.write(requestBytes(request));
  return (await client.response())?.status;
}

/** Expects that `harness.bot` showed the dialog, `otherBot` got the press, and the link was paused once. */
async function expectPausedOnce(): Promise<void> {
  await harness.waitForMessage('orders was paused', bob);
  expect(harness.loadBalancer.answeredPorts).toEqual([harness.bot.port, otherBot.port]);
  expect(await operations()).toMatchObject([{ state: 'done' }]);
  expect(await pauseEvents()).toHaveLength(1);
  await harness.slack.waitFor(() => channelMessages().length === 1);
}

describe('two bots behind one load balancer', () => {
  it('A bot handles a press on a dialog that the other bot showed.', async () => {
    harness.loadBalancer.nextPort = harness.bot.port;
    const dialog = await harness.runCommand('pause orders');
    harness.press('OK', dialog);
    await expectPausedOnce();
  });

  it('A replayed request changes nothing, whichever bot gets it.', async () => {
    const countLogLines = (sentence: string) => harness.logLines.filter(({ msg }) => msg === sentence).length;
    harness.loadBalancer.nextPort = harness.bot.port;
    const dialog = await harness.runCommand('pause orders');
    expect([await replayTo(harness.bot), await replayTo(otherBot)]).toEqual([200, 200]);
    await harness.slack.waitFor(() => countLogLines('second delivery dropped') === 2);
    expect(await operations()).toMatchObject([{ state: 'requested' }]);

    harness.press('OK', dialog);
    await harness.waitForMessage('orders was paused', bob);
    expect([await replayTo(otherBot), await replayTo(harness.bot)]).toEqual([200, 200]);
    await harness.slack.waitFor(() => countLogLines('operation resolved') === 3);
    expect(harness.rejections).toEqual([]);
    expect(await operations()).toMatchObject([{ state: 'done' }]);
    expect(await pauseEvents()).toHaveLength(1);
    expect(channelMessages()).toHaveLength(1);
  });

  it('A dialog still works after the bot that showed it has stopped.', async () => {
    harness.loadBalancer.nextPort = harness.bot.port;
    const dialog = await harness.runCommand('pause orders');
    await harness.bot[Symbol.asyncDispose]();
    harness.loadBalancer.nextPort = harness.bot.port;
    expect((await harness.press('OK', dialog).acked).kind).toBe('acked');
    await expectPausedOnce();
  });

  it('Every command is acknowledged and handled once while one of the bots stops.', async () => {
    const projects = Array.from({ length: 20 }, (_, index) => `p${index}`);
    for (const project of projects) await harness.services.createProject(project, [link]);
    const acks = projects.map((project, index) => {
      const { acked } = harness.slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: `pause ${project}` });
      return index === 10 ? harness.bot[Symbol.asyncDispose]().then(() => acked) : acked;
    });
    for (const acked of acks) expect((await acked).kind).toBe('acked');
    for (const project of projects) {
      await harness.slack.waitFor(() => dialogsOf(project).length === 1, { description: `the dialog of ${project}` });
      expect(await operations(project)).toMatchObject([{ state: 'requested' }]);
    }
  });

  const dialogsOf = (project: string) =>
    harness.slack
      .messagesVisibleTo('U0ALICE', 'C0SYNC')
      .filter((message) => visibleText(message).includes(`Pause ${project}?`));
});
