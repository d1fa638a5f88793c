import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { actionIds } from '../../src/slack/action-ids.ts';
import { type BatchHarness, startBatchHarness } from '../support/batch-fixture.ts';
import { channelMessages, closeWithoutViolations, visibleText } from '../support/slack-harness.ts';

let harness: BatchHarness;
const start = async (options: Parameters<typeof startBatchHarness>[1] = {}) => {
  harness = await startBatchHarness({ carts: 'running', orders: 'running', users: 'running' }, options);
};
afterEach(() => closeWithoutViolations(harness));

const operationsOf = (project: string) => harness.services.context.operations.listRecent(project, 10);
const running = { carts: 'running', orders: 'running', users: 'running' };
const paused = { carts: 'paused', orders: 'paused', users: 'paused' };
const batchKey = (id: string) => `syncbot:{b:${id}}:batch`;

async function openBatch(): Promise<string> {
  const [id] = await harness.services.context.batches.listOpen();
  return id ?? expect.fail('no batch');
}

describe('two people at once', () => {
  beforeEach(() => start());

  it('have two batches of the same projects: each project has one pause, and the other batch says why not.', async () => {
    const first = await harness.runCommand('pause label:prod');
    const second = await harness.runCommand('pause label:prod', { user: 'U0BOB' });
    harness.press('OK', first);
    harness.press('OK', second, 'U0BOB');
    await harness.waitForStates(paused);
    await harness.slack.waitFor(() => channelMessages(harness, /projects (was|were) paused · by/).length === 2, {
      description: 'the outcomes of both batches',
    });
    const done = (await Promise.all(Object.keys(running).map(operationsOf)))
      .flat()
      .filter(({ state }) => state === 'done');
    expect(done.map(({ project }) => project).sort()).toEqual(['carts', 'orders', 'users']);
    const lines =
      channelMessages(harness)
        .map(visibleText)
        .join('\n')
        .match(/· Not paused: /g) ?? [];
    expect(new Set(lines).size).toBe(1);
  });

  it('press OK and Cancel of the same dialog: the first answer counts for all projects.', async () => {
    const dialog = await harness.runCommand('pause label:prod');
    harness.press('OK', dialog);
    harness.press('Cancel', dialog);
    const answer = /3 projects were paused|Cancelled, nothing was paused/;
    const text = visibleText(await harness.waitForMessage(answer));
    await harness.waitForStates(text.includes('Cancelled') ? running : paused);
  });
});

describe('a dialog of several projects', () => {
  beforeEach(() => start());

  it('is answered after a restart of the bot.', async () => {
    const dialog = await harness.runCommand('pause label:prod');
    await harness.bot[Symbol.asyncDispose]();
    await harness.addBot();
    harness.press('OK', dialog);
    await harness.waitForMessage('3 projects were paused');
  });

  it('changes nothing after it has expired.', async () => {
    const dialog = await harness.runCommand('pause label:prod');
    await harness.services.redis.hset(batchKey(await openBatch()), 'expiresAt', '1');
    harness.press('OK', dialog);
    await harness.waitForMessage('Expired, nothing was paused. Ask again.');
    expect(await harness.states()).toEqual(running);
  });

  it('works in a direct message, which gets the outcome.', async () => {
    const channel = harness.slack.directMessage('U0ALICE').id;
    const dialog = await harness.runCommand('pause label:prod', { channel });
    harness.press('OK', dialog);
    await harness.waitForMessage('3 projects were paused', { channel });
  });
});

describe('the buttons of the message of several projects', () => {
  beforeEach(() => start());

  it.each([
    { person: 'who is not an operator', user: 'U0CAROL', teamId: null, refusal: 'You are not an operator' },
    { person: 'of another workspace', user: 'U0BOB', teamId: 'T0OTHER', refusal: 'Only members of the workspace' },
  ])('change nothing for a person ($person), whose presses are refused.', async ({ user, teamId, refusal }) => {
    await harness.requestBatch('pause label:prod');
    const message = await harness.waitForMessage('3 projects were paused');
    if (teamId !== null) harness.slack.user(user).teamId = teamId;
    harness.press('Restore Those 3', message, user);
    await harness.waitForMessage(refusal, { user });
    const [operation] = await operationsOf('carts');
    const value = operation?.batch ?? expect.fail('no batch');
    const { ok, goOn, stop, retryFailed, showDialog } = actionIds.batch;
    const refusals = () =>
      harness.slack.messagesVisibleTo(user, 'C0SYNC').filter(({ text }) => text.includes(refusal)).length;
    for (const actionId of [ok, goOn, stop, retryFailed, showDialog]) {
      const before = refusals();
      harness.slack.pressForged({ user, channel: 'C0SYNC', actionId, value });
      await harness.slack.waitFor(() => refusals() > before, { description: `the refusal of ${actionId}` });
    }
    expect(await harness.states()).toEqual(paused);
  });

  it('change nothing when Redis does not have the batch any more.', async () => {
    await harness.requestBatch('pause label:prod');
    const message = await harness.waitForMessage('3 projects were paused');
    const [operation] = await operationsOf('carts');
    await harness.services.redis.del(batchKey(operation?.batch ?? ''));
    harness.press('Restore Those 3', message);
    await harness.waitForMessage('This request does not exist any more. Nothing was changed.');
    expect(await harness.states()).toEqual(paused);
  });
});

it('Over HTTP a batch is confirmed and restored as in Socket Mode.', async () => {
  await start({ transport: 'http' });
  await harness.requestBatch('pause label:prod');
  harness.press('Restore Those 3', await harness.waitForMessage('3 projects were paused'));
  harness.press('OK', await harness.waitForMessage('Restore 3 projects?'));
  await harness.waitForMessage('3 projects were restored');
  expect(await harness.states()).toEqual(running);
});

it('Go On and Stop of two people at once: the first decision counts for all waves.', async () => {
  harness = await startBatchHarness({ carts: 'paused', orders: 'paused', users: 'paused' });
  await harness.setWaves({ size: 1, wait: 1_000 });
  const dialog = await harness.runCommand('restore label:prod');
  await harness.services.requestAndConfirm('carts', 'restore', 'U0BOB');
  await harness.waitForStates({ carts: 'running' });
  harness.press('OK', dialog);
  const stopped = await harness.waitForMessage('Restore stopped · 0 of 3 projects restored');
  harness.press('Go On', stopped, 'U0BOB');
  harness.press('Stop', stopped);
  const text = visibleText(await harness.waitForMessage(/[02] of 3 projects were restored/));
  const isStopped = text.includes('because the waves were stopped');
  await harness.waitForStates(isStopped ? { ...paused, carts: 'running' } : running);
});
