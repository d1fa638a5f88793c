import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Conversation, labelsOf, openConversation, said } from '../support/conversation.ts';
import type { OwnedLink } from '../support/world.ts';

let talk: Conversation;
let link: OwnedLink;

beforeEach(async () => {
  talk = await openConversation();
  link = await talk.world.link('orders-full');
  await talk.world.project('orders', [link]);
});
afterEach(async () => {
  const { violations } = talk.slack;
  await talk[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

const bob = { user: 'U0BOB' };
const ended = () => talk.slack.waitFor(async () => (await talk.world.deps.store.read('orders'))?.state === 'paused');
const operations = () => talk.world.deps.store.recentOperations('orders', 10);
const inChannel = () => talk.slack.messagesSeenBy('U0BOB', 'C0SYNC').filter((message) => !message.ephemeralFor);
const pauseEvents = async () =>
  (await talk.world.redis.xrange('bull:orders-full:events', '-', '+')).filter(([, fields]) =>
    fields.includes('paused'),
  );

describe('presses that come twice, late, from others, or on old messages', () => {
  it('a double press does it once and says the same twice', async () => {
    await talk.world.app.startWorker();
    const dialog = await talk.ask('pause orders');
    talk.press('OK', dialog);
    talk.press('OK', dialog);
    await ended();
    talk.press('OK', dialog);
    await talk.slack.waitFor(() =>
      talk.slack.messagesSeenBy('U0ALICE', 'C0SYNC').every((m) => labelsOf(m).length === 0),
    );
    expect(await operations()).toHaveLength(1);
    expect(await talk.world.deps.store.read('orders')).toMatchObject({ version: 3 });
    expect(await pauseEvents()).toHaveLength(1);
    await talk.slack.waitFor(() => inChannel().length === 1 && said(inChannel()[0] ?? never()).includes('is Paused'));
  });

  it('a delivery that Slack repeats is dropped, command and press alike', async () => {
    await talk.world.app.startWorker();
    const command = talk.slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'pause orders' });
    talk.slack.redeliver(command);
    const dialog = await talk.sees('Pause orders?');
    const press = talk.press('OK', dialog);
    await talk.slack.redeliver(press).acked;
    await ended();
    expect(await operations()).toHaveLength(1);
    expect(await pauseEvents()).toHaveLength(1);
  });

  it('only the person who asked can press; the dialog stays for that person', async () => {
    await talk.world.app.startWorker();
    const dialog = await talk.ask('pause orders');
    const value = String(
      (dialog.blocks as { elements?: { value?: string }[] }[]).flatMap((b) => b.elements ?? []).find((e) => e.value)
        ?.value,
    );
    talk.slack.pressRaw({ user: 'U0BOB', channel: 'C0SYNC', actionId: 'sync:v1:ok', value });
    expect(said(await talk.sees('Only', bob))).toContain('<@U0ALICE>');
    expect((await operations())[0]).toMatchObject({ state: 'requested' });
    talk.press('OK', dialog);
    await ended();
  });

  it('a person who is no operator is told how to become one, also at OK', async () => {
    const carol = { user: 'U0CAROL' };
    const refused = said(await talk.ask('pause orders', carol));
    expect(refused).toContain('U0CAROL');
    expect(refused).toContain('policy.operators');
    expect(await operations()).toEqual([]);
    expect(said(await talk.ask('list', carol))).toContain('orders');
  });

  it('an expired dialog says so, and nothing is done', async () => {
    await talk.world.app.startWorker();
    const dialog = await talk.ask('pause orders');
    const [operation] = await operations();
    await talk.world.redis.hset(`syncbot:{p:orders}:op:${operation?.id}`, 'expiresAt', '1');
    talk.press('OK', dialog);
    const answer = await talk.sees(/Expired[\s\S]*Nothing was changed/);
    expect(labelsOf(answer)).toEqual([]);
    expect(await talk.world.deps.store.read('orders')).toMatchObject({ state: 'running', version: 1 });
  });

  it('asking again supersedes the older dialog, whose buttons answer truly', async () => {
    await talk.world.app.startWorker();
    const older = await talk.ask('pause orders');
    const newer = await talk.ask('pause orders');
    talk.press('OK', older);
    await talk.sees(/Replaced by a newer request[\s\S]*Nothing was changed/);
    talk.press('OK', newer);
    await ended();
  });

  it('a button of an older version, and one that names nothing known, are answered', async () => {
    const at = { user: 'U0ALICE', channel: 'C0SYNC' };
    await talk.slack.pressRaw({ ...at, actionId: 'sync:v0:confirm', value: 'x' }).acked;
    await talk.sees(/older version/);
    await talk.slack.pressRaw({ ...at, actionId: 'sync:v1:ok', value: 'orders/feedfeedfeed' }).acked;
    await talk.sees(/no longer known/);
    for (const value of ['', '{}', 'orders', '../etc/x', 'a'.repeat(1_990)]) {
      expect((await talk.slack.pressRaw({ ...at, actionId: 'sync:v1:ok', value }).acked).kind).toBe('acked');
    }
    expect(await talk.world.deps.store.read('orders')).toMatchObject({ version: 1 });
  });

  it('a dialog pressed after a restart of the bot still works', async () => {
    const dialog = await talk.ask('pause orders');
    await talk.bot[Symbol.asyncDispose]();
    await talk.anotherBot();
    await talk.world.app.startWorker();
    talk.press('OK', dialog);
    await talk.sees('orders is Paused', bob);
  });

  it('two bots and two workers at once: one operation wins, the others are told by whom', async () => {
    const second = await talk.anotherBot();
    await talk.world.app.startWorker();
    await second.app.startWorker();
    const dialogs = [await talk.ask('pause orders'), await talk.ask('pause orders', bob)] as const;
    talk.press('OK', dialogs[0]);
    talk.press('OK', dialogs[1], 'U0BOB');
    await ended();
    const all = await talk.slack.waitFor(async () => {
      const found = await operations();
      return found.every(({ state }) => state === 'done' || state === 'refused') && found;
    });
    const winner = all.find(({ state }) => state === 'done');
    const loser = all.find(({ state }) => state === 'refused');
    expect(all).toHaveLength(2);
    expect(loser?.refusal).toMatchObject({ by: winner?.by });
    expect(await talk.world.deps.store.read('orders')).toMatchObject({ state: 'paused', version: 3 });
    expect(await pauseEvents()).toHaveLength(1);
    await talk.sees(new RegExp(`orders was not paused[\\s\\S]*<@${winner?.by}>`), bob);
  });
});

function never(): never {
  throw new Error('no message');
}
