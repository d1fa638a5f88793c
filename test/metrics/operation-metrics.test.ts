import { expect, test } from 'vitest';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { userActions, visibleText } from '../support/slack-harness.ts';
import { startTestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { runApp } from './running-app.ts';
import { parseScrape } from './scrape.ts';

const bob = { user: 'U0BOB' };

test('Each operation is counted once, by the process that ended it.', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await services.createProject(id, [await services.createLink(id)]);
  await using bot = await runApp({ role: 'bot', redisUrl: services.url, slack });
  await using worker = await runApp({ role: 'worker', redisUrl: services.url });
  await bot.waitForReadiness({ redis: 'ready', slack: 'ready', workers: 'ready' });

  const rateLimited = slack.injectFault({ method: 'chat.postMessage', retryAfter: 1 });
  const users = userActions(slack);
  const lateDialog = await users.runCommand('pause c', bob);
  for (const id of ['a', 'b', 'c']) {
    await users.requestAndPressOk('pause', id);
    await users.waitForMessage(`${id} was paused`, bob);
  }
  users.press('OK', lateDialog, bob.user);
  users.press('Cancel', await users.runCommand('pause d'));
  for (const _time of [1, 2]) await users.runCommand('pause e');
  await users.runCommand('pause e', { user: 'U0CAROL' });
  const { operations } = services.context;
  const shortLived = {
    id: 'short',
    project: 'f',
    action: 'pause',
    by: 'U0ALICE',
    reason: null,
    tasks: [],
    origin: 'slack',
  } as const;
  await operations.request({ ...shortLived, channel: 'C0SYNC', projectVersion: 1, ttlMs: 1 });

  const readOutcomes = async () => {
    const [botScrape, workerScrape] = [await bot.scrape(), await worker.scrape()];
    const { 'pause expired': botExpired = 0, ...botCounts } = botScrape.table('syncbot_operations_total');
    const { 'pause expired': workerExpired = 0, ...workerCounts } = workerScrape.table('syncbot_operations_total');
    return { bot: botCounts, worker: workerCounts, expired: botExpired + workerExpired };
  };
  // Bot and worker sweep: either of them ends the expired dialog.
  const expected = {
    bot: { 'pause cancelled': 1, 'pause superseded': 1 },
    worker: { 'pause done': 3, 'pause refused': 1 },
    expired: 1,
  };
  await expect.poll(readOutcomes).toEqual(expected);
  await waitFor(async () => (await bot.scrape()).table('syncbot_operation_step_seconds_count')['notify pause'] === 5);

  const [botScrape, workerScrape] = [await bot.scrape(), await worker.scrape()];
  expect(botScrape.table('syncbot_operation_step_seconds_count')).toEqual({ 'confirm pause': 5, 'notify pause': 5 });
  expect(workerScrape.table('syncbot_operation_step_seconds_count')).toEqual({ 'claim pause': 3, 'execute pause': 3 });
  expect(workerScrape.table('syncbot_operation_duration_seconds_count')).toEqual({ 'pause done': 3 });
  expect(botScrape.value('syncbot_operations_total', { action: 'restore', outcome: 'done' })).toBe(0);

  expect(rateLimited.hits).toBe(1);
  const calls = botScrape.table('syncbot_slack_calls_total');
  expect(calls).toMatchObject({
    'auth.test ok': 1,
    'apps.connections.open ok': 1,
    'chat.postMessage rate_limited': 1,
    'chat.postMessage ok': slack.callsTo('chat.postMessage').length - 1,
    'response_url ok': slack.callsTo('response_url').length,
  });
  expect(botScrape.table('syncbot_slack_call_duration_seconds_count')['response_url']).toBe(calls['response_url ok']);
  expect(botScrape.table('syncbot_refusals_total')).toEqual({ not_operator: 1 });
  expect(slack.violations).toEqual([]);
});

test('A repeated button press and a second notification are not counted again.', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  const link = await services.createLink('orders');
  await services.createProject('orders', [link]);
  await using all = await runApp({ role: 'all', redisUrl: services.url, slack });
  await all.waitForReadiness({ redis: 'ready', slack: 'ready', workers: 'ready' });
  const finishTasks: (() => void)[] = [];
  const worker = await link.startWorker(() => new Promise<void>((resolve) => void finishTasks.push(resolve)));
  await link.queue.add('long', {});
  await waitFor(async () => (await link.queue.getActiveCount()) === 1);

  const users = userActions(slack);
  const dialog = await users.requestAndPressOk('pause', 'orders');
  await users.waitForMessage('still finishing', bob);
  await users.press('OK', dialog).acked;
  const { operations } = services.context;
  const operation = (await operations.listRecent('orders', 1))[0] ?? expect.unreachable();
  const ref = { project: 'orders', operation: operation.id };
  const { useCaseContext: context } = all.app;
  expect(await context.operations.resolve({ ref, decision: 'confirm', by: 'U0ALICE', dialog: null })).toMatchObject({
    kind: 'repeated',
  });
  expect(await context.operations.claim(ref, 'again')).toMatchObject({ kind: 'finished' });
  const readNotified = async () => (await all.scrape()).table('syncbot_operation_step_seconds_count')['notify pause'];
  await expect.poll(readNotified).toBe(1);
  finishTasks[0]?.();
  await slack.waitFor(() =>
    slack
      .messagesVisibleTo('U0BOB', 'C0SYNC')
      .some((message) => /was paused/.test(visibleText(message)) && !/finishing/.test(visibleText(message))),
  );
  await waitFor(async () => (await operations.read(ref))?.seq === (await operations.read(ref))?.notifiedSeq);
  await worker.close();

  const scrape = await all.scrape();
  expect(scrape.table('syncbot_operations_total')).toEqual({ 'pause done': 1 });
  expect(scrape.table('syncbot_operation_step_seconds_count')).toEqual({
    'confirm pause': 1,
    'claim pause': 1,
    'execute pause': 1,
    'notify pause': 1,
  });
});

test('A restore at the end of a pause is counted by its outcome, and no other restore is.', async () => {
  await using services = await startTestServices();
  await services.createProject('orders', [await services.createLink('orders')], { state: 'paused' });
  const metrics = createMetrics({ observeEveryMs: () => 10_000 });
  const { operations } = metrics.instrumentStores(services.context);
  const restore = {
    project: 'orders',
    action: 'restore',
    by: 'U0ALICE',
    reason: null,
    tasks: [],
    origin: 'slack',
    channel: null,
    projectVersion: 1,
    ttlMs: 60_000,
  } as const;
  const timer = { by: 'U0ALICE', setAt: 1, at: 2 };
  const refOf = (operation: string) => ({ project: 'orders', operation });
  await operations.request({ ...restore, id: 'timed', timer });
  await operations.resolve({ ref: refOf('timed'), decision: 'confirm', by: 'U0ALICE', dialog: null });
  // The pause has no end any more.
  expect(await operations.claim(refOf('timed'), 'execution')).toMatchObject({ kind: 'refused' });
  await operations.request({ ...restore, id: 'asked' });
  await operations.resolve({ ref: refOf('asked'), decision: 'cancel', by: 'U0ALICE', dialog: null });
  const scrape = parseScrape(await metrics.render());
  expect(scrape.table('syncbot_timed_restores_total')).toEqual({ refused: 1 });
  expect(scrape.value('syncbot_timed_restores_total', { outcome: 'done' })).toBe(0);
  expect(scrape.table('syncbot_operations_total')).toEqual({ 'restore refused': 1, 'restore cancelled': 1 });
});
