import { describe, expect, it } from 'vitest';
import type { NewDialog } from '../../src/domain/operation.ts';
import { actionIds } from '../../src/slack/action-ids.ts';
import { operationRefValue } from '../../src/slack/button-values.ts';
import { responseUrlLifetimeMs, responseUrlMaxUses } from '../../src/slack/notifier/response-url.ts';
import { exampleBatch, exampleNow, exampleOperation } from '../support/example-records.ts';
import {
  alice,
  createSlackAppFixture,
  type SlackAppFixture,
  startSlackAppFixture,
  storeUnavailable,
} from './slack-app-fixture.ts';

describe('requests from Slack', () => {
  it('A repeated delivery of a command is answered once.', async () => {
    await using fixture = await startSlackAppFixture();
    const { slack, dependencies } = fixture;
    const first = slack.command({ ...alice, text: 'list' });
    await fixture.waitForText(/^1 project is well: 1 Running$/);
    await slack.redeliver(first).acked;
    await slack.waitFor(() => dependencies.logLines.some(({ message }) => message === 'second delivery dropped'));
    expect(fixture.visibleTexts()).toHaveLength(1);
  });

  it.each([
    ['sync:v0:confirm', 'orders/op1', /older version/],
    ['sync:v1:ok', 'not an operation', /older version/],
    ['sync:v1:page:next', '{', /older version/],
    ['sync:v1:ask:pause', '<!channel>', /older version/],
    ['sync:v1:show', 'ordres', /no project called ordres.*Did you mean orders\?/],
  ])('The bot answers a press with the action id %s and the value %j.', async (actionId, value, text) => {
    await using fixture = await startSlackAppFixture();
    expect((await fixture.pressForged(actionId, value).acked).kind).toBe('acked');
    await fixture.waitForText(text);
  });

  it('Another slash command is answered with the name of the right one.', async () => {
    await using fixture = await startSlackAppFixture();
    fixture.slack.command({ ...alice, text: 'list', command: '/other' });
    await fixture.waitForText(/`\/sync help`/);
  });

  it('A press by a person of another workspace is refused.', async () => {
    await using fixture = await startSlackAppFixture();
    const { slack } = fixture;
    slack.pressForged({ ...alice, user: 'U0EVE', actionId: actionIds.show, value: 'orders' });
    await slack.waitFor(() =>
      slack.messagesVisibleTo('U0EVE', 'C0SYNC').some(({ text }) => text.includes('Only members')),
    );
  });

  it('A command is answered with "Not done" while Redis is down.', async () => {
    await using fixture = await startSlackAppFixture({
      projects: { listIds: () => Promise.reject(storeUnavailable('unknown')) },
    });
    fixture.slack.command({ ...alice, text: 'list' });
    await fixture.waitForText(/^Not done: .*Nothing was changed\. Try again in a minute\.$/);
  });

  it('An unexpected error is answered with an id, which the log line of the error has as well.', async () => {
    const error = new Error('secret xoxb-123 at https://hooks.slack.com/x');
    await using fixture = await startSlackAppFixture({ projects: { listIds: () => Promise.reject(error) } });
    const { slack, dependencies } = fixture;
    slack.command({ ...alice, text: 'list' });
    await fixture.waitForText(/An error in syncbot interrupted your request/);
    const answerText = fixture.visibleTexts().at(-1) ?? '';
    const errorId = /under ([0-9a-f]{8})\./.exec(answerText)?.[1];
    const logLine = dependencies.logLines.find(({ level }) => level === 'error');
    expect(logLine).toMatchObject({ fields: { logId: errorId, error: { message: 'secret ‹token› at ‹url›' } } });
    expect(answerText).not.toContain('secret');
    const urls = slack.callsTo('response_url').map(({ args }) => String(args['url']));
    for (const url of urls) expect(JSON.stringify(dependencies.logLines)).not.toContain(url);
  });

  it('The stop of the app waits for running listeners.', async () => {
    const pendingReads: ((ids: string[]) => void)[] = [];
    await using fixture = await startSlackAppFixture({
      projects: { listIds: () => new Promise<string[]>((resolve) => pendingReads.push(resolve)) },
    });
    const { slack, slackApp } = fixture;
    slack.command({ ...alice, text: 'list' });
    await slack.waitFor(() => pendingReads.length === 1);
    const stopping = slackApp.stop();
    await slack.waitFor(() => slack.socketCount === 0);
    pendingReads[0]?.(['orders']);
    await stopping;
    expect(fixture.visibleTexts()).toEqual(['1 project is well: 1 Running']);
  });
});

it('A press on Runbook is acknowledged, and answered with nothing.', async () => {
  await using fixture = await startSlackAppFixture();
  fixture.pressForged(actionIds.runbook, 'orders');
  fixture.slack.command({ ...alice, text: 'list' });
  await fixture.waitForText(/^1 project is well: 1 Running/);
  await fixture.slackApp.stop();
  expect(fixture.visibleTexts()).toEqual(['1 project is well: 1 Running']);
  expect(fixture.slack.violations).toEqual([]);
  expect(fixture.dependencies.logLines.filter(({ level }) => level !== 'info')).toEqual([]);
});

it('The members of a user group are read again after five minutes, also if the clock of the host is set back.', async () => {
  await using fixture = await createSlackAppFixture({}, { operators: ['S0OPS'] });
  await fixture.slackApp.start();
  const { clock } = fixture.dependencies.context;
  for (const reads of [1, 2]) {
    fixture.slack.command({ ...alice, text: 'pause orders' });
    await fixture.slack.waitFor(() => fixture.slack.callsTo('usergroups.users.list').length === reads);
    const [wallClock, monotonic] = [clock.now(), clock.monotonicNow()];
    clock.now = () => wallClock - 86_400_000;
    clock.monotonicNow = () => monotonic + 5 * 60_000;
  }
});

describe('a press on OK while Redis is down', () => {
  const pressOk = (fixture: SlackAppFixture) =>
    fixture.pressForged(actionIds.ok, operationRefValue({ project: 'orders', operation: 'op1' }));

  it('The press is answered with "Not done" when the command was not sent to Redis.', async () => {
    await using fixture = await startSlackAppFixture({
      operations: { resolve: () => Promise.reject(storeUnavailable('no')) },
    });
    pressOk(fixture);
    await fixture.waitForText(/^Not done/);
    expect(fixture.dependencies.notified).toEqual([]);
  });

  it('After a lost reply the bot checks the operation, and notifies when it was confirmed.', async () => {
    let readCount = 0;
    await using fixture = await startSlackAppFixture({
      operations: {
        resolve: () => Promise.reject(storeUnavailable('unknown')),
        read: async () => {
          readCount += 1;
          if (readCount < 3) throw storeUnavailable('no');
          return exampleOperation({ state: 'confirmed' });
        },
      },
    });
    pressOk(fixture);
    await fixture.waitForText(/^The bot's Redis did not answer. syncbot checks whether your answer was saved/);
    await fixture.slack.waitFor(() => fixture.dependencies.notified.length === 1);
    expect(fixture.visibleTexts()).toHaveLength(1);
  });

  it('After a lost reply the bot checks the operation, also if its clock is set ahead.', async () => {
    await using fixture = await startSlackAppFixture({
      operations: {
        resolve: () => Promise.reject(storeUnavailable('unknown')),
        read: async () => exampleOperation({ state: 'confirmed' }),
      },
    });
    let now = exampleNow;
    fixture.dependencies.context.clock.now = () => (now += 86_400_000);
    pressOk(fixture);
    await fixture.slack.waitFor(() => fixture.dependencies.notified.length === 1);
    expect(fixture.visibleTexts()).toHaveLength(1);
  });

  it('After a lost reply the bot answers "Not done" when the operation was not confirmed.', async () => {
    await using fixture = await startSlackAppFixture({
      operations: {
        resolve: () => Promise.reject(storeUnavailable('unknown')),
        read: async () => exampleOperation(),
      },
    });
    pressOk(fixture);
    await fixture.waitForText(/^Not done/);
  });

  it.each([
    ['requested', /^Not done/],
    [null, /^This request does not exist any more/],
  ] as const)('After a lost reply the bot answers what became of a batch that is %s.', async (state, answer) => {
    await using fixture = await startSlackAppFixture({
      batches: {
        resolve: () => Promise.reject(storeUnavailable('unknown')),
        read: async () => (state === null ? null : exampleBatch({ state })),
      },
    });
    fixture.pressForged(actionIds.batch.ok, 'b1');
    await fixture.waitForText(/^The bot's Redis did not answer. syncbot checks whether your answer was saved/);
    await fixture.waitForText(answer);
  });

  it('A press saves the response_url of the dialog with its lifetime and its remaining uses.', async () => {
    const savedDialogs: (NewDialog | null)[] = [];
    const operation = exampleOperation({ state: 'confirmed' });
    await using fixture = await startSlackAppFixture({
      operations: {
        resolve: async ({ dialog }) => {
          savedDialogs.push(dialog);
          return { kind: 'resolved', operation };
        },
      },
    });
    const { responseUrl } = pressOk(fixture);
    await fixture.slack.waitFor(() => savedDialogs.length === 1);
    expect(savedDialogs[0]).toEqual({
      kind: 'response_url',
      url: responseUrl,
      lifetimeMs: responseUrlLifetimeMs,
      usesLeft: responseUrlMaxUses,
    });
  });

  it('A confirmed press is not refused when the job cannot be added.', async () => {
    const operation = exampleOperation({ state: 'confirmed' });
    await using fixture = await startSlackAppFixture({
      operations: { resolve: async () => ({ kind: 'resolved', operation }) },
    });
    fixture.dependencies.context.jobs.execute = () => Promise.reject(storeUnavailable('no'));
    pressOk(fixture);
    await fixture.slack.waitFor(() => fixture.dependencies.notified.length === 1);
    expect(fixture.visibleTexts()).toEqual([]);
  });
});
