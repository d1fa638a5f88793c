import { expect, test } from 'vitest';
import { actionIds, operationRefValue } from '../../src/slack/contract.ts';
import { type Line, type RunningApp, runApp } from '../admin/running.ts';
import { peopleOf } from '../support/conversation.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld } from '../support/world.ts';

const bob = { user: 'U0BOB', channel: 'C0SYNC' };

/** What was logged of an operation, in its order. */
function about(app: RunningApp, operationId: string): string[] {
  return app.lines.filter((line) => line['operationId'] === operationId).map(({ msg }) => msg);
}

test('one operation is one id in the lines of bot and worker, from the request to what people are told', async () => {
  await using world = await openWorld();
  await using slack = await StrictSlack.start();
  await world.project('orders', [await world.link('orders')]);
  await using bot = await runApp({ role: 'bot', redisUrl: world.url, slack });
  await using worker = await runApp({ role: 'worker', redisUrl: world.url });
  await bot.readiness({ redis: 'ready', slack: 'ready', workers: 'ready' });
  slack.fail({ method: 'chat.postMessage', retryAfter: 1 });
  const people = peopleOf(slack);
  const dialog = await people.ask('pause orders');
  const requested = bot.lines.find(({ msg }) => msg === 'operation requested') ?? expect.unreachable();
  const id = String(requested['operationId']);
  const value = operationRefValue({ project: 'orders', operation: id });
  slack.pressRaw({ ...bob, actionId: actionIds.ok, value });
  await people.sees('Only', bob);
  people.press('OK', dialog);
  await people.sees('orders is Paused', bob);
  await waitFor(() => about(bot, id).includes('operation told'));

  const inBot = about(bot, id).filter((msg) => msg !== 'Slack did not take a message, it is told again later');
  expect(inBot).toEqual([
    'operation requested',
    'operation settled',
    'refused in Slack',
    'operation settled',
    'operation told',
  ]);
  expect(about(bot, id)).toContain('Slack did not take a message, it is told again later');
  expect(about(worker, id)).toEqual(['operation started', 'operation ended']);
  const whole = (app: RunningApp): readonly Line[] =>
    app.lines.filter(({ msg }) => /operation|Slack did not/.test(msg));
  for (const line of [...whole(bot), ...whole(worker)]) {
    expect(line).toMatchObject({ project: 'orders', operationId: id });
  }
  for (const line of bot.lines) expect(line).toMatchObject({ role: 'bot', version: '1.2.3' });
  for (const line of worker.lines) expect(line).toMatchObject({ role: 'worker', version: '1.2.3' });
  for (const text of [bot.text(), worker.text()]) {
    for (const line of text.trim().split('\n')) expect(line).not.toMatch(/"role":.*"role":/);
  }
});

test('a try of a job that fails names the project and the operation', async () => {
  await using world = await openWorld();
  await world.project('orders', [await world.link('orders')]);
  await using worker = await runApp({ role: 'worker', redisUrl: world.url });
  await worker.readiness({ redis: 'ready', workers: 'ready' });
  const ref = await world.act('orders', 'pause');
  await waitFor(async () => (await world.deps.store.readOperation(ref))?.state === 'done');
  const broken = { project: 'orders', operation: 'broken' };
  await world.redis.hset('syncbot:{p:orders}:op:broken', { state: 'confirmed', projectVersion: '9', action: 'pause' });
  await world.deps.queue.execute(broken);
  const failed = () => worker.lines.find(({ msg }) => msg === 'a try of a job failed');
  expect(await waitFor(failed)).toMatchObject({
    project: 'orders',
    operationId: 'broken',
    job: 'execute',
    queue: 'actions',
  });
});
