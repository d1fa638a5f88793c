import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { operationRefValue } from '../../src/slack/contract.ts';
import { type Conversation, labelsOf, openConversation, said } from '../support/conversation.ts';
import type { OwnedLink } from '../support/world.ts';

let talk: Conversation;
let links: OwnedLink[];

beforeEach(async () => {
  talk = await openConversation({ way: 'http' });
  links = await Promise.all(['orders-full', 'orders-incr'].map((name) => talk.world.link(name)));
  await talk.world.app.startWorker();
});
afterEach(async () => {
  const { slack, rejected } = talk;
  await talk[Symbol.asyncDispose]();
  expect(slack.violations).toEqual([]);
  expect(slack.callsTo('apps.connections.open')).toEqual([]);
  expect(rejected).toEqual([]);
});

const bob = { user: 'U0BOB' };
const flags = () => Promise.all(links.map(({ queue }) => queue.isPaused()));
const inChannel = () => talk.slack.messagesSeenBy('U0BOB', 'C0SYNC');
const operations = () => talk.world.deps.store.recentOperations('orders', 10);
const pausedLinks = async () => {
  for (const { queue } of links) await queue.pause();
};

describe('the conversation over HTTP', () => {
  it('list, its button, OK: the dialog is for alice alone, and the channel sees one message that ends true', async () => {
    await talk.world.project('orders', links);
    const list = await talk.ask('list');
    expect(list.ephemeralFor).toBe('U0ALICE');
    expect(said(list)).toMatch(/orders · Running/);
    talk.press('Pause', list);
    const dialog = await talk.sees('Pause orders?');
    expect(labelsOf(dialog)).toEqual(['OK', 'Cancel']);
    expect(inChannel()).toEqual([]);
    expect((await talk.press('OK', dialog).acked).kind).toBe('acked');
    expect(said(await talk.sees('orders is Paused', bob))).toContain('2 links · by <@U0ALICE>');
    expect(await flags()).toEqual([true, true]);
    expect(inChannel()).toHaveLength(1);
  });

  it('keeps what was typed, whatever it is', async () => {
    await talk.world.project('orders', links);
    const dialog = await talk.ask('pause orders because 50 % & “ключ” = 空 + <b>');
    expect(said(dialog)).toContain('50 % &amp; “ключ” = 空 + &lt;b&gt;');
    talk.press('OK', dialog);
    expect(said(await talk.sees('orders is Paused', bob))).toContain('空');
  });

  it('Cancel: nothing is changed, and the channel hears nothing', async () => {
    await talk.world.project('orders', links);
    talk.press('Cancel', await talk.ask('pause orders'));
    expect(labelsOf(await talk.sees('Nothing was changed'))).toEqual([]);
    expect(inChannel()).toEqual([]);
    expect(await flags()).toEqual([false, false]);
    expect(await talk.world.deps.store.read('orders')).toMatchObject({ state: 'running', version: 1 });
  });

  it('an expired dialog says so, and nothing is done', async () => {
    await talk.world.project('orders', links);
    const dialog = await talk.ask('pause orders');
    const [operation] = await operations();
    await talk.world.redis.hset(`syncbot:{p:orders}:op:${operation?.id}`, 'expiresAt', '1');
    talk.press('OK', dialog);
    expect(labelsOf(await talk.sees(/Expired[\s\S]*Nothing was changed/))).toEqual([]);
    expect(await talk.world.deps.store.read('orders')).toMatchObject({ state: 'running', version: 1 });
  });

  it('restore: a Paused project runs again', async () => {
    await pausedLinks();
    await talk.world.project('orders', links, { state: 'paused' });
    await talk.act('restore', 'orders');
    await talk.sees('orders is Running', bob);
    expect(await flags()).toEqual([false, false]);
  });

  it('a double press does it once', async () => {
    await talk.world.project('orders', links);
    const dialog = await talk.ask('pause orders');
    const presses = [talk.press('OK', dialog), talk.press('OK', dialog)];
    await talk.sees('orders is Paused', bob);
    presses.push(talk.press('OK', dialog));
    for (const { acked } of presses) expect((await acked).kind).toBe('acked');
    expect(await operations()).toHaveLength(1);
    expect(await talk.world.deps.store.read('orders')).toMatchObject({ state: 'paused', version: 3 });
    await talk.slack.waitFor(() => inChannel().length === 1);
  });

  it('only the person who asked can press; the dialog stays for that person', async () => {
    await talk.world.project('orders', links);
    const dialog = await talk.ask('pause orders');
    const [operation] = await operations();
    const value = operationRefValue({ project: 'orders', operation: operation?.id ?? '' });
    talk.slack.pressRaw({ user: 'U0BOB', channel: 'C0SYNC', actionId: 'sync:v1:ok', value });
    expect(said(await talk.sees('Only', bob))).toContain('<@U0ALICE>');
    expect((await operations())[0]).toMatchObject({ state: 'requested' });
    talk.press('OK', dialog);
    await talk.sees('orders is Paused', bob);
  });
});
