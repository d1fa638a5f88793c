import { EventEmitter, once } from 'node:events';
import { Worker as OldWorker } from 'bullmq4';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProjectDefinition } from '../../src/domain/project.ts';
import { type Conversation, labelsOf, openConversation, said } from '../support/conversation.ts';
import type { MessageView } from '../support/slack/types.ts';
import { waitFor } from '../support/wait.ts';
import type { OwnedLink, ProjectStart } from '../support/world.ts';

let talk: Conversation;
let link: OwnedLink;
beforeEach(async () => {
  talk = await openConversation();
  link = await talk.world.link('orders-full');
});
afterEach(async () => {
  const { violations } = talk.slack;
  await talk[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

const inChannel = () => talk.slack.messagesSeenBy('U0CAROL', 'C0SYNC').filter(({ deleted }) => !deleted);
const alerts = (what: RegExp) => inChannel().filter((message) => what.test(said(message)));
const alert = (what: RegExp): Promise<MessageView> => talk.slack.waitFor(() => alerts(what)[0], { what: String(what) });
const project = async () => await talk.world.deps.store.read('orders');
/** At least two looks have been taken since. */
async function looks(): Promise<void> {
  for (let look = 0; look < 2; look++) {
    const seen = await talk.world.redis.hget('{syncbot}:observe:repeat:observe', 'ic');
    await waitFor(async () => (await talk.world.redis.hget('{syncbot}:observe:repeat:observe', 'ic')) !== seen);
  }
}

async function open(more: Partial<ProjectDefinition> & ProjectStart = {}): Promise<void> {
  await talk.world.project('orders', [link], { channel: 'C0SYNC', ...more });
  await talk.world.app.startWorker();
  await waitFor(async () => (await project())?.convergedVersion === 1);
}

it('latency above its limit: one alert, closed in place when it is below; none while it is paused on purpose', async () => {
  await open({ latencyAlert: 1_000 });
  const gate = new EventEmitter();
  const opened = once(gate, 'open');
  await link.work(() => opened);
  const old = Date.now() - 600_000;
  for (let task = 0; task < 3; task++) await link.queue.add('change', {}, { timestamp: old });
  const late = await alert(/orders is behind by 10 min, more than 1 s/);
  expect(labelsOf(late)).toEqual(['Show']);
  await talk.act('pause', 'orders');
  const over = await alert(/it was too far behind, for .* It was stopped then; it is Paused now/);
  expect(over.ts).toBe(late.ts);
  await looks();
  expect(alerts(/is behind by/)).toEqual([]);
  await talk.act('restore', 'orders');
  expect((await alert(/is behind by/)).ts).toBe(late.ts);
  gate.emit('open');
  await alert(/it was too far behind, for .* That is over/);
});

it('no worker connected, and delayed tasks that are due and that nobody takes', async () => {
  await open();
  const told = await alert(/no worker is connected to `orders-full` of orders/);
  const idle = new Redis(talk.world.url);
  await idle.client('SETNAME', `bull:${Buffer.from('orders-full').toString('base64')}`);
  expect((await alert(/nobody worked on its tasks/)).ts).toBe(told.ts);
  const task = await link.queue.add('change', {}, { delay: 60_000 });
  await talk.world.redis.zadd('bull:orders-full:delayed', (Date.now() - 60_000) * 4_096, String(task.id));
  expect((await alert(/nobody takes the delayed tasks of `orders-full` of orders that are due/)).ts).toBe(told.ts);
  idle.disconnect();
  await link.work(async () => {});
  await alert(/nobody worked on its tasks, for .* That is over/);
});

it('a worker of BullMQ 4 takes tasks of a paused link: found out, and told loudest', async () => {
  await open();
  const { hostname: host, port } = new URL(talk.world.url);
  const old = new OldWorker('orders-full', async () => {}, { connection: { host, port: Number(port) } });
  old.on('error', () => {});
  await old.waitUntilReady();
  await talk.act('pause', 'orders');
  await waitFor(async () => (await project())?.state === 'paused');
  await link.queue.add('must-wait', {});
  const loud = await alert(/`orders-full` of orders is paused, and a worker has taken tasks/);
  expect(said(loud)).toMatch(/^Attention, <@U0ALICE>: .*BullMQ 4/s);
  expect(await link.queue.getCompletedCount()).toBe(1);
  await old.close();
  await talk.act('restore', 'orders');
  await alert(/a worker did not heed the pause, for .* That is over/);
});

it('workers that heed the pause raise no alarm, however many tasks come meanwhile', async () => {
  await open();
  await link.work(async () => {}, 5);
  await link.queue.addBulk(Array.from({ length: 200 }, () => ({ name: 'change', data: {} })));
  await talk.act('pause', 'orders');
  await waitFor(async () => (await project())?.state === 'paused');
  await looks();
  expect((await project())?.alerts.not_held).toBeUndefined();
  await link.queue.addBulk(Array.from({ length: 1_500 }, () => ({ name: 'change', data: {} })));
  await looks();
  expect((await project())?.alerts.not_held).toBeUndefined();
});

it('onFailure: continue stays Running; hundreds of failures are one alert, counted', async () => {
  await open({ onFailure: 'continue' });
  await link.work(async () => {
    throw new Error('row 17 refused');
  }, 20);
  await link.queue.addBulk(Array.from({ length: 300 }, () => ({ name: 'change', data: {} })));
  const told = await alert(/tasks? of orders failed, the oldest on `orders-full`/);
  expect(labelsOf(told)).toEqual(['Pause', 'Show']);
  await waitFor(async () => (await link.queue.getFailedCount()) === 300);
  await looks();
  expect(await project()).toMatchObject({ state: 'running', failure: null });
  expect(alerts(/failed, the oldest/)).toHaveLength(1);
});

it('logRetention: the dialog and the outcome say until when, and the channel is reminded with a Restore button', async () => {
  await open({ logRetention: 48 * 3_600_000 });
  await link.work(async () => {});
  const dialog = await talk.act('pause', 'orders');
  expect(said(dialog)).toMatch(/source keeps its log until <!date\^\d+\^.*UTC>: restore it before then/);
  await alert(/orders is Paused .*\n?.*The source keeps its log until <!date/s);
  const found = await project();
  expect(Math.abs((found?.logFrom ?? 0) - (found?.since ?? 0))).toBeLessThan(60_000);
  /** As if a part of that time had passed. */
  const passed = async (part: number) => {
    const since = Date.now() - part * 48 * 3_600_000;
    await talk.world.redis.hset('syncbot:{p:orders}:state', { since, logFrom: since });
  };
  await looks();
  expect(alerts(/time is over/)).toEqual([]);
  await passed(0.55);
  const half = await alert(/Half of the time is over. Restore it before then/);
  expect(labelsOf(half)).toEqual(['Restore', 'Show']);
  await passed(0.85);
  expect((await alert(/Most of the time is over/)).ts).not.toBe(half.ts);
  await passed(1.5);
  const over = await alert(/its source has kept its log until/);
  talk.press('Restore', over, 'U0BOB');
  talk.press('OK', await talk.sees('Restore orders?', { user: 'U0BOB' }), 'U0BOB');
  await alert(/its source's log had run out/);
  expect(await project()).toMatchObject({ state: 'running', logFrom: null });
});
