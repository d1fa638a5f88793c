import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Conversation, labelsOf, openConversation, said } from '../support/conversation.ts';
import type { OwnedLink } from '../support/world.ts';

let talk: Conversation;
let links: OwnedLink[];

beforeEach(async () => {
  talk = await openConversation();
  links = await Promise.all(['orders-full', 'orders-incr'].map((name) => talk.world.link(name)));
});
afterEach(async () => {
  const { violations } = talk.slack;
  await talk[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

const bob = { user: 'U0BOB' };
const flags = () => Promise.all(links.map(({ queue }) => queue.isPaused()));
const inChannel = () => talk.slack.messagesSeenBy('U0BOB', 'C0SYNC');
const stateOf = async (id: string) => (await talk.world.deps.store.read(id))?.state;

describe('the conversation on the strict fake of Slack', () => {
  it('pause: the dialog is for alice alone, OK pauses, the channel sees one message that ends true', async () => {
    await talk.world.project('orders', links);
    await talk.world.app.startWorker();

    const dialog = await talk.ask('pause orders because schema change');
    expect(dialog.ephemeralFor).toBe('U0ALICE');
    expect(said(dialog)).toContain('2 links stop');
    expect(said(dialog)).toContain('Latency will grow until restored');
    expect(said(dialog)).toContain('schema change');
    expect(inChannel()).toEqual([]);

    talk.press('OK', dialog);
    const outcome = await talk.sees('orders is Paused', bob);
    expect(said(outcome)).toContain('2 links · by <@U0ALICE> · schema change');
    expect(outcome.ephemeralFor).toBeUndefined();
    expect(await flags()).toEqual([true, true]);
    const own = await talk.slack.waitFor(() => {
      const messages = talk.slack.messagesSeenBy('U0ALICE', 'C0SYNC');
      return messages.every((message) => said(message).includes('orders is Paused')) && messages;
    });
    expect(own.map(labelsOf)).toEqual([[], []]);
    expect(inChannel()).toHaveLength(1);
  });

  it('cancel: nothing is changed, and the channel hears nothing', async () => {
    await talk.world.project('orders', links);
    await talk.world.app.startWorker();
    talk.press('Cancel', await talk.ask('pause orders'));
    expect(labelsOf(await talk.sees('Nothing was changed'))).toEqual([]);
    expect(inChannel()).toEqual([]);
    expect(await flags()).toEqual([false, false]);
    expect(await talk.world.deps.store.read('orders')).toMatchObject({ state: 'running', version: 1 });
  });

  it('restore: a Paused project runs again', async () => {
    for (const { queue } of links) await queue.pause();
    await talk.world.project('orders', links, { state: 'paused' });
    await talk.world.app.startWorker();
    await talk.act('restore', 'orders');
    await talk.sees('orders is Running', bob);
    expect(await flags()).toEqual([false, false]);
  });

  it('`resume` and capitals are understood, as phones write them', async () => {
    for (const { queue } of links) await queue.pause();
    await talk.world.project('orders', links, { state: 'paused' });
    await talk.world.app.startWorker();
    talk.press('OK', await talk.ask('Resume Orders '));
    await talk.sees('orders is Running', bob);
  });

  it('start: refused with the failed precheck first, and done when that holds', async () => {
    for (const { queue } of links) await queue.pause();
    await talk.world.project('orders', links, { state: 'not_started' });
    await talk.world.app.startWorker();
    const refused = await talk.ask('start orders');
    expect(said(refused)).toContain('no worker is connected');
    expect(said(refused)).toContain('Nothing was changed');

    for (const { work } of links) await work(async () => {});
    await talk.act('start', 'orders');
    await talk.sees('orders is Running', bob);
    expect(await flags()).toEqual([false, false]);
  });

  it('restore of a Failed project: shows what failed, masked, and puts it back', async () => {
    let broken = true;
    await links[0]?.work(async () => {
      if (broken) throw new Error('row 17 refused at db.example.com:5432 for "secret"');
    });
    await talk.world.project('orders', links);
    await talk.world.app.startWorker();
    await links[0]?.queue.add('change', {});
    await talk.slack.waitFor(async () => (await stateOf('orders')) === 'failed');

    const dialog = await talk.ask('restore orders');
    expect(said(dialog)).toContain('1 failed task will be put back');
    expect(said(dialog)).toContain('row 17 refused at ‹host› for ‹value›');
    expect(said(dialog)).not.toMatch(/secret|example\.com/);
    broken = false;
    talk.press('OK', dialog);
    const outcome = await talk.sees('orders is Running', bob);
    expect(said(outcome)).toContain('1 failed task put back');
    await talk.slack.waitFor(async () => (await links[0]?.queue.getCompletedCount()) === 1);
  });

  it('tells of tasks still in flight after a pause, and then that they have ended', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await links[0]?.work(() => held);
    await links[0]?.queue.add('long', {});
    await talk.slack.waitFor(async () => (await links[0]?.queue.getActiveCount()) === 1);
    await talk.world.project('orders', links);
    await talk.world.app.startWorker();
    await talk.act('pause', 'orders');
    await talk.sees('1 task still finishing', bob);
    release();
    await talk.slack.waitFor(() => inChannel().every((message) => !said(message).includes('still finishing')));
    expect(inChannel()).toHaveLength(1);
  });

  it('outcomes go to the project’s own channel', async () => {
    await talk.world.project('orders', links, { channel: 'C0SYNC' });
    await talk.world.app.startWorker();
    await talk.act('pause', 'orders', { channel: 'C0OTHER' });
    await talk.sees('orders is Paused', bob);
    expect(talk.slack.messagesSeenBy('U0BOB', 'C0OTHER')).toEqual([]);
  });

  it('list, show and precheck: live, with the allowed action as a button on the same road', async () => {
    await talk.world.project('orders', links, { labels: ['prod'] });
    await talk.world.app.startWorker();
    const list = await talk.ask('list');
    expect(list.ephemeralFor).toBe('U0ALICE');
    expect(said(list)).toMatch(/orders · Running/);
    expect(labelsOf(list)).toContain('Pause');
    const show = await talk.ask('show orders');
    expect(said(show)).toContain('orders-incr');
    expect(said(await talk.ask('precheck orders'))).toContain('no worker is connected');

    talk.press('Pause', show);
    const dialog = await talk.sees('Pause orders?');
    talk.press('OK', dialog);
    await talk.sees('orders is Paused', bob);
    expect(said(await talk.ask('show orders'))).toMatch(/Paused[\s\S]*pause/i);
  });

  it('pages through a long list, ten projects a page', async () => {
    const [link] = links;
    if (link === undefined) throw new Error('no link');
    for (let index = 10; index < 35; index++) await talk.world.project(`p${index}`, [link]);
    const first = await talk.ask('list');
    expect(labelsOf(first)).toEqual([...Array<string>(10).fill('Pause'), 'Next']);
    talk.press('Next', first);
    const second = await talk.sees('p20 · Running');
    expect(labelsOf(second)).toEqual(expect.arrayContaining(['Previous', 'Next']));
    talk.press('Next', second);
    const third = await talk.sees('p30 · Running');
    expect(labelsOf(third)).toEqual([...Array<string>(5).fill('Pause'), 'Previous']);
    expect(talk.slack.messagesSeenBy('U0ALICE', 'C0SYNC')).toHaveLength(1);
  });

  it('a misspelt command gets help and a suggestion', async () => {
    await talk.world.project('orders', links);
    expect(said(await talk.ask('puase ordrs'))).toContain('pause orders');
    expect(said(await talk.ask('pause ordrs'))).toContain('orders');
    expect(said(await talk.ask(''))).toContain('/sync list');
    await talk.world.project('invoices', links, { state: 'paused' });
    expect(said(await talk.ask('pause'))).toContain('Did you mean `/sync pause orders`?');
    expect(said(await talk.ask('restore'))).toContain('Did you mean `/sync restore invoices`?');
    expect(said(await talk.ask('pause orders for 2h'))).toMatch(/Nothing was changed/);
  });
});
