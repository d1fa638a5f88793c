import { expect, test } from 'vitest';
import { actionIds } from '../../src/slack/action-ids.ts';
import { operationRefValue } from '../../src/slack/button-values.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { type RunningApp, runApp } from '../metrics/running-app.ts';
import { type PinoLine, userActions } from '../support/slack-harness.ts';
import { startTestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

const bob = { user: 'U0BOB', channel: 'C0SYNC' };

/** The messages of the log lines about an operation, oldest first. */
function messagesAbout(app: RunningApp, operationId: string): string[] {
  return app.logLines.filter((line) => line['operationId'] === operationId).map(({ msg }) => msg);
}

test('The log lines of bot and worker about one operation have the same operation id.', async () => {
  await using services = await startTestServices();
  await using slack = await FakeSlack.start();
  await services.createProject('orders', [await services.createLink('orders')]);
  await using bot = await runApp({ role: 'bot', redisUrl: services.url, slack });
  await using worker = await runApp({ role: 'worker', redisUrl: services.url });
  await bot.waitForReadiness({ redis: 'ready', slack: 'ready', workers: 'ready' });
  slack.injectFault({ method: 'chat.postMessage', retryAfter: 1 });
  const users = userActions(slack);
  const dialog = await users.runCommand('pause orders');
  const requested = bot.logLines.find(({ msg }) => msg === 'operation requested') ?? expect.unreachable();
  const id = String(requested['operationId']);
  const value = operationRefValue({ project: 'orders', operation: id });
  slack.pressForged({ ...bob, actionId: actionIds.ok, value });
  await users.waitForMessage('Only', bob);
  users.press('OK', dialog);
  await users.waitForMessage('orders was paused', bob);
  await waitFor(() => messagesAbout(bot, id).includes('operation notified'));

  const botMessages = messagesAbout(bot, id).filter((msg) => msg !== 'Slack did not accept a message, retrying later');
  expect(botMessages).toEqual([
    'operation requested',
    'operation resolved',
    'refused in Slack',
    'operation resolved',
    'operation notified',
  ]);
  expect(messagesAbout(bot, id)).toContain('Slack did not accept a message, retrying later');
  const workerMessages = messagesAbout(worker, id).filter((msg) => msg !== 'commands to links expired, trying again');
  expect(workerMessages).toEqual(['operation started', 'operation ended']);
  expect(requested).toMatchObject({ level: 'info', action: 'pause', by: 'U0ALICE', user: 'U0ALICE' });
  const started = worker.logLines.find(({ msg }) => msg === 'operation started');
  expect(started).toMatchObject({ action: 'pause', by: 'U0ALICE' });
  const ended = worker.logLines.find(({ msg }) => msg === 'operation ended');
  expect(ended).toMatchObject({ level: 'info', action: 'pause', by: 'U0ALICE', state: 'done' });
  const operationLines = (app: RunningApp): readonly PinoLine<string>[] =>
    app.logLines.filter(({ msg }) => /operation|Slack did not/.test(msg));
  for (const line of [...operationLines(bot), ...operationLines(worker)]) {
    expect(line).toMatchObject({ project: 'orders', operationId: id });
  }
  for (const line of bot.logLines) expect(line).toMatchObject({ role: 'bot', version: '1.2.3' });
  for (const line of worker.logLines) expect(line).toMatchObject({ role: 'worker', version: '1.2.3' });
  for (const text of [bot.logText(), worker.logText()]) {
    for (const line of text.trim().split('\n')) expect(line).not.toMatch(/"role":.*"role":/);
  }
});

test('The log line of a failed job attempt names the project and the operation.', async () => {
  await using services = await startTestServices();
  await services.createProject('orders', [await services.createLink('orders')]);
  await using worker = await runApp({ role: 'worker', redisUrl: services.url });
  await worker.waitForReadiness({ redis: 'ready', workers: 'ready' });
  const ref = await services.requestAndConfirm('orders', 'pause');
  await waitFor(async () => (await services.context.operations.read(ref))?.state === 'done');
  const broken = { project: 'orders', operation: 'broken' };
  await services.redis.hset('syncbot:{p:orders}:op:broken', {
    id: 'broken',
    state: 'confirmed',
    projectVersion: '9',
    action: 'pause',
  });
  await services.context.jobs.execute(broken);
  const failedAttempt = () => worker.logLines.find(({ msg }) => msg === 'job attempt failed');
  expect(await waitFor(failedAttempt)).toMatchObject({
    project: 'orders',
    operationId: 'broken',
    job: 'execute',
    queue: 'actions',
  });
});
