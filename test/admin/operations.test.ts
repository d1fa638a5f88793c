import { expect, test } from 'vitest';
import { peopleOf, said } from '../support/conversation.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld } from '../support/world.ts';
import { runApp } from './running.ts';

const bob = { user: 'U0BOB' };

test('counts what was done, once, wherever it was done', async () => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await world.project(id, [await world.link(id)]);
  await using bot = await runApp({ role: 'bot', redisUrl: world.url, slack });
  await using worker = await runApp({ role: 'worker', redisUrl: world.url });
  await bot.readiness({ redis: 'ready', slack: 'ready', workers: 'ready' });

  const rateLimited = slack.fail({ method: 'chat.postMessage', retryAfter: 1 });
  const people = peopleOf(slack);
  const late = await people.ask('pause c', bob);
  for (const id of ['a', 'b', 'c']) {
    await people.act('pause', id);
    await people.sees(`${id} is Paused`, bob);
  }
  people.press('OK', late, bob.user);
  people.press('Cancel', await people.ask('pause d'));
  for (const _time of [1, 2]) await people.ask('pause e');
  await people.ask('pause e', { user: 'U0CAROL' });
  const { store } = world.deps;
  const short = { id: 'short', project: 'f', action: 'pause', by: 'U0ALICE', reason: null, origin: 'slack' } as const;
  await store.request({ ...short, channel: 'C0SYNC', projectVersion: 1, ttlMs: 1 });

  const outcomes = async () => {
    const [asked, worked] = [await bot.scrape(), await worker.scrape()];
    return { bot: asked.table('syncbot_operations_total'), worker: worked.table('syncbot_operations_total') };
  };
  const expected = {
    bot: { 'pause cancelled': 1, 'pause superseded': 1 },
    worker: { 'pause done': 3, 'pause refused': 1, 'pause expired': 1 },
  };
  await expect.poll(outcomes, { timeout: 30_000 }).toEqual(expected);
  await waitFor(async () => (await bot.scrape()).table('syncbot_operation_step_seconds_count')['tell pause'] === 5);

  const [asked, worked] = [await bot.scrape(), await worker.scrape()];
  expect(asked.table('syncbot_operation_step_seconds_count')).toEqual({ 'answer pause': 5, 'tell pause': 5 });
  expect(worked.table('syncbot_operation_step_seconds_count')).toEqual({ 'claim pause': 3, 'work pause': 3 });
  expect(worked.table('syncbot_operation_duration_seconds_count')).toEqual({ 'pause done': 3 });
  expect(asked.value('syncbot_operations_total', { action: 'restore', outcome: 'done' })).toBe(0);

  expect(rateLimited.hits).toBe(1);
  const calls = asked.table('syncbot_slack_calls_total');
  expect(calls).toMatchObject({
    'auth.test ok': 1,
    'apps.connections.open ok': 1,
    'chat.postMessage rate_limited': 1,
    'chat.postMessage ok': slack.callsTo('chat.postMessage').length - 1,
    'response_url ok': slack.callsTo('response_url').length,
  });
  expect(asked.table('syncbot_slack_call_duration_seconds_count')['response_url']).toBe(calls['response_url ok']);
  expect(asked.table('syncbot_refusals_total')).toEqual({ not_operator: 1 });
  expect(slack.violations).toEqual([]);
});

test('a repeat and a second telling are not counted again', async () => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  const link = await world.link('orders');
  await world.project('orders', [link]);
  await using all = await runApp({ role: 'all', redisUrl: world.url, slack });
  await all.readiness({ redis: 'ready', slack: 'ready', workers: 'ready' });
  const finishing: (() => void)[] = [];
  const worker = await link.work(() => new Promise<void>((resolve) => void finishing.push(resolve)));
  await link.queue.add('long', {});
  await waitFor(async () => (await link.queue.getActiveCount()) === 1);

  const people = peopleOf(slack);
  const dialog = await people.act('pause', 'orders');
  await people.sees('still finishing', bob);
  await people.press('OK', dialog).acked;
  const { store } = world.deps;
  const operation = (await store.recentOperations('orders', 1))[0] ?? expect.unreachable();
  const ref = { project: 'orders', operation: operation.id };
  const { deps } = all.app;
  expect(await deps.store.settle({ ref, settlement: 'confirm', by: 'U0ALICE', dialog: null })).toMatchObject({
    kind: 'repeated',
  });
  expect(await deps.store.claim(ref, 'again')).toMatchObject({ kind: 'over' });
  const told = async () => (await all.scrape()).table('syncbot_operation_step_seconds_count')['tell pause'];
  await expect.poll(told, { timeout: 20_000 }).toBe(1);
  finishing[0]?.();
  await slack.waitFor(() =>
    slack.messagesSeenBy('U0BOB', 'C0SYNC').some((one) => /is Paused/.test(said(one)) && !/finishing/.test(said(one))),
  );
  await waitFor(async () => (await store.readOperation(ref))?.seq === (await store.readOperation(ref))?.toldSeq);
  await worker.close();

  const scrape = await all.scrape();
  expect(scrape.table('syncbot_operations_total')).toEqual({ 'pause done': 1 });
  expect(scrape.table('syncbot_operation_step_seconds_count')).toEqual({
    'answer pause': 1,
    'claim pause': 1,
    'work pause': 1,
    'tell pause': 1,
  });
});
