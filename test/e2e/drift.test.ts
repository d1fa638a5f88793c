import type { Worker } from 'bullmq';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProjectState } from '../../src/domain/project.ts';
import { type Conversation, labelsOf, openConversation, said } from '../support/conversation.ts';
import type { MessageView } from '../support/slack/types.ts';
import { waitFor } from '../support/wait.ts';
import type { OwnedLink, ProjectStart } from '../support/world.ts';

let talk: Conversation;
let full: OwnedLink;
let incr: OwnedLink;
/** The one on `incr`. */
let worker: Worker;
beforeEach(async () => {
  talk = await openConversation();
  [full, incr] = [await talk.world.link('orders-full'), await talk.world.link('orders-incr')];
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
const flags = async () => Promise.all([full, incr].map(({ queue }) => queue.isPaused()));
const events = async () => (await talk.world.deps.store.history('orders', { limit: 100 })).map(({ event }) => event);

/** A project whose links agree with its state, and somebody who works on them. */
async function open(state: NonNullable<ProjectStart['state']>, links = [full, incr]): Promise<void> {
  for (const { queue, work } of [full, incr]) {
    worker = await work(async () => {});
    if (state !== 'running') await queue.pause();
  }
  await talk.world.project('orders', links, { state, channel: 'C0SYNC' });
  await talk.world.app.startWorker();
  await waitFor(async () => (await project())?.convergedVersion === 1);
}

async function answer(label: 'Re-apply' | 'Adopt', message: MessageView, question: RegExp): Promise<void> {
  talk.press(label, message, 'U0BOB');
  const dialog = await talk.sees(question, { user: 'U0BOB' });
  expect([dialog.ephemeralFor, labelsOf(dialog)]).toEqual(['U0BOB', ['OK', 'Cancel']]);
  talk.press('OK', dialog, 'U0BOB');
}

const stateOf = (state: ProjectState) => waitFor(async () => (await project())?.state === state, { describe: state });

it('links that somebody resumed while it is Paused: the loudest alert, once; Re-apply pauses them again', async () => {
  await open('paused');
  await full.queue.resume();
  const loud = await alert(/orders-full.* runs although orders is Paused/);
  expect(said(loud)).toMatch(/^Attention: /);
  expect(labelsOf(loud)).toEqual(['Re-apply', 'Show']);
  expect(await flags()).toEqual([false, true]);
  await answer('Re-apply', loud, /Re-apply orders\?[\s\S]*orders-full.* stops taking tasks, since orders is Paused/);
  await alert(/orders is Paused · its links agree with that again · by <@U0BOB>/);
  expect(await flags()).toEqual([true, true]);
  const over = await alert(/links ran although they should have been paused, for .* That is over/);
  expect([over.ts, labelsOf(over)]).toEqual([loud.ts, []]);
  expect(await project()).toMatchObject({ state: 'paused', by: 'cli:test', holder: null });
  expect(await events()).toEqual(expect.arrayContaining(['alert', 'told', 'alert_over', 'done']));
});

it('all links resumed from outside: Adopt makes the project Running, and touches no link', async () => {
  await open('paused');
  for (const { queue } of [full, incr]) await queue.resume();
  const loud = await alert(/2 links .*run although orders is Paused/);
  expect(labelsOf(loud)).toEqual(['Re-apply', 'Adopt', 'Show']);
  const before = await full.queue.getMeta();
  await answer('Adopt', loud, /Adopt orders\?[\s\S]*becomes Running; no link is touched/);
  await stateOf('running');
  await alert(/orders is Running · as its links are · by <@U0BOB>/);
  expect([await flags(), await full.queue.getMeta()]).toEqual([[false, false], before]);
  expect(await project()).toMatchObject({ by: 'U0BOB', holder: null });
});

it('a link paused from outside while it is Running: told once, not touched, and over when it is resumed', async () => {
  await open('running');
  await incr.queue.pause();
  const told = await alert(/orders-incr.* is paused although orders is Running/);
  expect(said(told)).not.toContain('Attention');
  expect(labelsOf(told)).toEqual(['Re-apply', 'Show']);
  expect(await flags()).toEqual([false, true]);
  talk.press('Show', told, 'U0BOB');
  const shown = await talk.sees(/Alert · .*orders-incr/, { user: 'U0BOB' });
  expect(labelsOf(shown)).toContain('Re-apply');
  await incr.queue.resume();
  expect((await alert(/links differed from its state/)).ts).toBe(told.ts);
});

it('all links paused from outside: Adopt makes it Paused, and a Restore leads on from there', async () => {
  await open('running');
  for (const { queue } of [full, incr]) await queue.pause();
  const told = await alert(/2 links .*are paused although orders is Running/);
  await answer('Adopt', told, /Adopt orders\?[\s\S]*becomes Paused/);
  await stateOf('paused');
  await talk.act('restore', 'orders');
  await stateOf('running');
  expect(await flags()).toEqual([false, false]);
});

it('a queue that vanished is told; Re-apply goes on without it', async () => {
  await open('running');
  await worker.close();
  await talk.world.redis.del(...(await talk.world.redis.keys('bull:orders-incr:*')));
  const told = await alert(/orders-incr.* of orders: the queue is gone/);
  await answer('Re-apply', told, /`orders-incr` has no queue, and it goes on without it/);
  await alert(/links differed from its state, for .* That is over/);
  expect((await project())?.awaited).toEqual(['default/bull:orders-incr']);
  expect(await talk.world.redis.keys('bull:orders-incr:meta')).toEqual([]);
});

it('a queue that appears while it is Paused is paused at once, and that is told', async () => {
  const late = { link: { queue: 'orders-late', connection: 'default', prefix: 'bull' } } as OwnedLink;
  await open('paused', [full, late]);
  expect((await project())?.awaited).toEqual(['default/bull:orders-late']);
  const appeared = await talk.world.link('orders-late');
  await waitFor(() => appeared.queue.isPaused());
  await alert(/orders: a queue appeared, for .* That is over/);
  expect(await project()).toMatchObject({ state: 'paused', awaited: [] });
  expect(await events()).toContain('corrected');
});

it('drift while an execution is entered that never left is our own late write: driven back, audited, not told', async () => {
  await open('paused');
  await talk.world.redis.zadd('syncbot:{p:orders}:runs', Date.now() + 600_000, 'killed-worker');
  await full.queue.resume();
  await waitFor(async () => (await flags()).every(Boolean) && (await events()).includes('corrected'));
  expect(alerts(/although orders is Paused/)).toEqual([]);
});

it('drift that only some links show is not adopted; without drift there is nothing to correct', async () => {
  await open('paused');
  for (const { queue } of [full, incr]) await queue.resume();
  const loud = await alert(/2 links .*run although orders is Paused/);
  await incr.queue.pause();
  talk.press('Adopt', loud, 'U0BOB');
  await talk.sees(/cannot be adopted, .* one state: `orders-full` runs; `orders-incr` is paused/, { user: 'U0BOB' });
  await full.queue.pause();
  talk.press('Re-apply', loud, 'U0BOB');
  await talk.sees(/orders is Paused, and its links agree with that. Nothing was changed/, { user: 'U0BOB' });
  expect(await project()).toMatchObject({ state: 'paused', version: 1 });
});
