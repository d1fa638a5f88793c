import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { actionIds } from '../../src/slack/action-ids.ts';
import { renderedText } from '../fake-slack/rendered-message.ts';
import { keys } from '../support/keys.ts';
import { waitForModal } from '../support/modal-users.ts';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  threadReplies,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

let harness: SlackHarness;
let testLink: TestLink;
beforeEach(async () => {
  harness = await startSlackHarness();
  testLink = await harness.services.createLink('orders-full');
  await harness.services.createProject('orders', [testLink], { channel: 'C0SYNC', labels: ['prod'] });
  await testLink.queue.add('task', {}, { timestamp: Date.now() - 42_000 });
  await harness.services.instance.startWorkers();
});
afterEach(() => closeWithoutViolations(harness));

const read = async () => (await harness.services.context.projects.read('orders')) ?? expect.fail('no project');
const textOf = async (command: string) => visibleText(await harness.runCommand(command));

/** The replies about orders in the thread of its message. */
const replies = () => threadReplies(harness, /orders/).map(visibleText);
const waitForReply = (text: RegExp) =>
  waitFor(() => replies().some((reply) => text.test(reply)), { description: `${text}` });

/** The message in the channel during the wait. */
async function requestWait(command = 'pause orders when caught up because we deploy') {
  const dialog = await harness.runCommand(command);
  expect(visibleText(dialog)).toMatch(
    /syncbot waits until orders has caught up: until its latency is under 5 s and its workers keep up\. It waits at most 30 min\./,
  );
  harness.press('OK', dialog);
  return waitForChannelMessage(
    harness,
    /^orders is to be paused when it has caught up · latency 4\d s .*until <!date.* at the latest · by <@U0ALICE>/,
  );
}

describe('/sync pause orders when caught up', () => {
  it('waits, is shown, and pauses the project when it has caught up.', async () => {
    const message = await requestWait('pause orders when caught up for 2h');
    expect(buttonLabels(message)).toEqual(['Cancel', 'Pause Now']);
    expect(await textOf('list')).toMatch(/orders · .*to be paused when it has caught up, until <!date/);
    const shown = await harness.runCommand('show orders');
    expect(visibleText(shown)).toMatch(/It is to be paused when it has caught up, as <@U0ALICE> asked/);
    expect(buttonLabels(shown)).toEqual(expect.arrayContaining(['Pause', 'Cancel', 'Pause Now']));
    expect(await textOf('pause orders when caught up')).toMatch(/<@U0ALICE> has asked already to pause it/);
    expect(await textOf('history orders')).toMatch(/confirmed the request to pause it when it has caught up/);
    await testLink.queue.drain();
    await waitForChannelMessage(
      harness,
      /orders was paused · 1 link[\s\S]*It had caught up [\s\S]*Planned end: <!date/,
    );
    expect((await read()).state).toBe('paused');
    // An edit of the message notifies no person.
    await waitForReply(/^<@U0ALICE> · orders was paused · 1 link/);
    expect(replies()).toHaveLength(1);
  });

  it('is cancelled by another operator, and not by a person who may not pause.', async () => {
    const message = await requestWait();
    harness.press('Pause Now', message, 'U0CAROL');
    await harness.waitForMessage('You are not an operator', { user: 'U0CAROL' });
    const { waitingPause } = await read();
    harness.press('Cancel', message, 'U0BOB');
    await waitForChannelMessage(harness, /^orders · Cancelled by <@U0BOB> .* · it was not paused/);
    expect(await read()).toMatchObject({ state: 'running', waitingPause: null });
    await waitForReply(/^<@U0ALICE> · orders · Cancelled by <@U0BOB>/);
    const value = `orders/${waitingPause?.operation}`;
    harness.slack.pressForged({ user: 'U0ALICE', channel: 'C0SYNC', actionId: actionIds.wait.now, value });
    await harness.waitForMessage('this pause does not wait any more. Nothing was changed.');
  });

  it('is not begun when the project has not caught up in time. The requester is notified.', async () => {
    await requestWait();
    const { waitingPause } = await read();
    await harness.services.redis.hset(keys.operation('orders', waitingPause?.operation ?? ''), 'waitsUntil', 1);
    await waitForChannelMessage(harness, /^orders · Not paused/);
    await waitForReply(/^<@U0ALICE> · orders · Not paused[\s\S]*had not caught up/);
  });

  it('is begun at once by Pause Now of another operator.', async () => {
    harness.press('Pause Now', await requestWait(), 'U0BOB');
    await waitForChannelMessage(harness, /orders was paused · 1 link · by <@U0ALICE>[\s\S]*<@U0BOB> pressed Pause Now/);
  });

  it('is requested in the form of /sync, and Home shows it during the wait.', async () => {
    const { views } = harness.slack;
    harness.slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: '' });
    await waitForModal(harness, 'Choose a project');
    views.choose({ user: 'U0ALICE', input: actionIds.run.project, option: 'orders · Running' });
    await waitForModal(harness, /Since /);
    views.choose({ user: 'U0ALICE', input: 'Pause begins', option: 'When caught up' });
    views.submit('U0ALICE');
    await waitForModal(harness, /Pause orders when it has caught up\?[\s\S]*It waits at most 30 min\./);
    views.submit('U0ALICE');
    await waitForModal(harness, /orders is to be paused when it has caught up/);
    views.openHome('U0BOB');
    const homeOfBob = () => renderedText(views.homeOf('U0BOB') ?? { blocks: [] });
    await waitFor(() => /orders.*to be paused when it has caught up, until <!date/.test(homeOfBob()));
    await testLink.queue.drain();
    await waitFor(async () => (await read()).state === 'paused');
    await waitFor(() => !homeOfBob().includes('to be paused'));
  });

  it('waits for each of several projects by itself.', async () => {
    const users = await harness.services.createLink('users-full');
    await harness.services.createProject('users', [users], { channel: 'C0SYNC', labels: ['prod'] });
    const dialog = await harness.runCommand('pause label:prod when caught up');
    expect(visibleText(dialog)).toMatch(/Pause 2 projects when they have caught up[\s\S]*waits for each project until/);
    harness.press('OK', dialog);
    await waitForChannelMessage(
      harness,
      /Pausing… 1 of 2 projects[\s\S]*1 project waits until it has caught up, until .*To cancel one, .*`\/sync show &lt;project&gt;`/,
    );
    expect((await read()).state).toBe('running');
    // An edit notifies no person. A person who has just pressed OK needs no notification.
    const { context, redis } = harness.services;
    const [id = ''] = await context.batches.listOpen();
    await redis.hincrby(`syncbot:{b:${id}}:batch`, 'resolvedAt', -10_000);
    await testLink.queue.drain();
    await waitFor(async () => (await read()).state === 'paused');
    await waitForChannelMessage(harness, /2 projects were paused/);
    await waitForReply(/^<@U0ALICE> · orders and users · 2 projects were paused/);
    await waitFor(async () => (await context.batches.listOpen()).length === 0);
    expect(replies()).toHaveLength(1);
  });
});

describe('Cancel in the message of several projects', () => {
  it('cancels the pauses that wait. What is paused already stays paused.', async () => {
    const users = await harness.services.createLink('users-full');
    await harness.services.createProject('users', [users], { channel: 'C0SYNC', labels: ['prod'] });
    harness.press('OK', await harness.runCommand('pause label:prod when caught up'));
    const message = await waitForChannelMessage(harness, /Pausing… 1 of 2 projects[\s\S]*1 project waits/);
    expect(buttonLabels(message)).toEqual(['Cancel']);
    harness.press('Cancel', message, 'U0CAROL');
    await harness.waitForMessage('You are not an operator', { user: 'U0CAROL' });
    expect((await read()).waitingPause).not.toBeNull();
    const operators = ['U0BOB', 'U0ALICE'];
    for (const user of operators) harness.press('Cancel', message, user);
    const ended = await waitForChannelMessage(harness, /1 of 2 projects was paused/);
    const [, winner = ''] = /orders · Not paused: Cancelled by <@(U0\w+)>$/m.exec(visibleText(ended)) ?? [];
    const other = operators.find((user) => user !== winner) ?? expect.fail(visibleText(ended));
    await harness.waitForMessage('None of its pauses waits any more. This press changed nothing.', { user: other });
    expect(await read()).toMatchObject({ state: 'running', waitingPause: null });
    expect((await harness.services.context.projects.read('users'))?.state).toBe('paused');
    expect(await textOf('history orders')).toContain(`<@${winner}>`);
  });
});
