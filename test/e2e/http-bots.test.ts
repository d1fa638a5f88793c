import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bot, type Conversation, openConversation, said } from '../support/conversation.ts';
import { rawClient, requestBytes } from '../support/raw-http.ts';
import type { OwnedLink } from '../support/world.ts';

let talk: Conversation;
let other: Bot;
let link: OwnedLink;

beforeEach(async () => {
  talk = await openConversation({ way: 'http' });
  other = await talk.anotherBot();
  link = await talk.world.link('orders-full');
  await talk.world.project('orders', [link]);
  await talk.world.app.startWorker();
});
afterEach(async () => {
  const { violations } = talk.slack;
  await talk[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

const bob = { user: 'U0BOB' };
const operations = (project = 'orders') => talk.world.deps.store.recentOperations(project, 10);
const inChannel = () => talk.slack.messagesSeenBy('U0BOB', 'C0SYNC').filter((message) => !message.ephemeralFor);
const pauseEvents = async () =>
  (await talk.world.redis.xrange('bull:orders-full:events', '-', '+')).filter(([, fields]) =>
    fields.includes('paused'),
  );

/** Sends once more what Slack has sent last, byte by byte, straight to one bot. */
async function replayTo({ port }: Bot): Promise<number | undefined> {
  const request = talk.slack.requestUrl.sent.at(-1);
  if (request === undefined) throw new Error('nothing was sent');
  using client = await rawClient(port);
  client.write(requestBytes(request));
  return (await client.answer())?.status;
}

/** The dialog came from the one bot, the press went to the other, and that paused the link once. */
async function expectPausedOnce(): Promise<void> {
  await talk.sees('orders is Paused', bob);
  expect(talk.address.answered).toEqual([talk.bot.port, other.port]);
  expect(await operations()).toMatchObject([{ state: 'done' }]);
  expect(await pauseEvents()).toHaveLength(1);
  await talk.slack.waitFor(() => inChannel().length === 1);
}

describe('two bots behind one address', () => {
  it('a press may be answered by another bot than the one that showed the dialog', async () => {
    talk.address.next = talk.bot.port;
    const dialog = await talk.ask('pause orders');
    talk.press('OK', dialog);
    await expectPausedOnce();
  });

  it('a replay does nothing, neither at the bot that has seen it nor at the one that has not', async () => {
    const lines = (sentence: string) => talk.logged.filter(({ msg }) => msg === sentence).length;
    talk.address.next = talk.bot.port;
    const dialog = await talk.ask('pause orders');
    expect([await replayTo(talk.bot), await replayTo(other)]).toEqual([200, 200]);
    expect(talk.rejected).toEqual(['replayed']);
    await talk.slack.waitFor(() => lines('second delivery dropped') === 1);
    expect(await operations()).toMatchObject([{ state: 'requested' }]);

    talk.press('OK', dialog);
    await talk.sees('orders is Paused', bob);
    expect([await replayTo(other), await replayTo(talk.bot)]).toEqual([200, 200]);
    await talk.slack.waitFor(() => lines('operation settled') === 2);
    expect(talk.rejected).toEqual(['replayed', 'replayed']);
    expect(await operations()).toMatchObject([{ state: 'done' }]);
    expect(await pauseEvents()).toHaveLength(1);
    expect(inChannel()).toHaveLength(1);
  });

  it('one that is stopped between dialog and press takes nothing with it', async () => {
    talk.address.next = talk.bot.port;
    const dialog = await talk.ask('pause orders');
    await talk.bot[Symbol.asyncDispose]();
    talk.address.next = talk.bot.port;
    expect((await talk.press('OK', dialog).acked).kind).toBe('acked');
    await expectPausedOnce();
  });

  it('one that is stopped while people are busy: each command is acked and done once', async () => {
    const projects = Array.from({ length: 20 }, (_, index) => `p${index}`);
    for (const project of projects) await talk.world.project(project, [link]);
    const asked = projects.map((project, index) => {
      const { acked } = talk.slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: `pause ${project}` });
      return index === 10 ? talk.bot[Symbol.asyncDispose]().then(() => acked) : acked;
    });
    for (const acked of asked) expect((await acked).kind).toBe('acked');
    for (const project of projects) {
      await talk.slack.waitFor(() => dialogsOf(project).length === 1, { what: `the dialog of ${project}` });
      expect(await operations(project)).toMatchObject([{ state: 'requested' }]);
    }
  });

  const dialogsOf = (project: string) =>
    talk.slack.messagesSeenBy('U0ALICE', 'C0SYNC').filter((message) => said(message).includes(`Pause ${project}?`));
});
