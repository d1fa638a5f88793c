import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let link: TestLink;

beforeEach(async () => {
  harness = await startSlackHarness();
  link = await harness.services.createLink('orders-full');
  await harness.services.createProject('orders', [link]);
});
afterEach(() => closeWithoutViolations(harness));

const bob = { user: 'U0BOB' };
const waitForPaused = () =>
  harness.slack.waitFor(async () => (await harness.services.context.projects.read('orders'))?.state === 'paused');
const refusalsOf = (user: string) =>
  harness.slack.messagesVisibleTo(user, 'C0SYNC').filter((m) => visibleText(m).includes('You are not an operator'));
const operations = () => harness.services.context.operations.listRecent('orders', 10);
const channelMessages = () =>
  harness.slack.messagesVisibleTo('U0BOB', 'C0SYNC').filter((message) => !message.ephemeralFor);
const pauseEvents = async () =>
  (await harness.services.redis.xrange('bull:orders-full:events', '-', '+')).filter(([, fields]) =>
    fields.includes('paused'),
  );

describe('repeated, late, foreign and outdated button presses', () => {
  it('A second press of OK gets the first answer.', async () => {
    await harness.services.instance.startWorkers();
    const dialog = await harness.runCommand('pause orders');
    harness.press('OK', dialog);
    harness.press('OK', dialog);
    await waitForPaused();
    harness.press('OK', dialog);
    await harness.slack.waitFor(() =>
      harness.slack.messagesVisibleTo('U0ALICE', 'C0SYNC').every((m) => !buttonLabels(m).includes('OK')),
    );
    expect(await operations()).toHaveLength(1);
    expect(await harness.services.context.projects.read('orders')).toMatchObject({ version: 3 });
    expect(await pauseEvents()).toHaveLength(1);
    await harness.slack.waitFor(
      () => channelMessages().length === 1 && visibleText(channelMessages()[0] ?? never()).includes('was paused'),
    );
  });

  it('The bot drops a command or a press that Slack delivers again.', async () => {
    await harness.services.instance.startWorkers();
    const command = harness.slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'pause orders' });
    harness.slack.redeliver(command);
    const dialog = await harness.waitForMessage('Pause orders?');
    const press = harness.press('OK', dialog);
    await harness.slack.redeliver(press).acked;
    await waitForPaused();
    expect(await operations()).toHaveLength(1);
    expect(await pauseEvents()).toHaveLength(1);
  });

  it('Only the requester can press OK, and a press by another person leaves the dialog usable.', async () => {
    await harness.services.instance.startWorkers();
    const dialog = await harness.runCommand('pause orders');
    const value = String(
      (dialog.blocks as { elements?: { value?: string }[] }[]).flatMap((b) => b.elements ?? []).find((e) => e.value)
        ?.value,
    );
    harness.slack.pressForged({ user: 'U0BOB', channel: 'C0SYNC', actionId: 'sync:v1:ok', value });
    expect(visibleText(await harness.waitForMessage('Only', bob))).toContain('<@U0ALICE>');
    expect((await operations())[0]).toMatchObject({ state: 'requested' });
    harness.press('OK', dialog);
    await waitForPaused();
  });

  it('A person who is not an operator may read, and the refusal of a change names policy.operators.', async () => {
    const carol = { user: 'U0CAROL' };
    const refusalText = visibleText(await harness.runCommand('pause orders', carol));
    expect(refusalText).toContain('U0CAROL');
    expect(refusalText).toContain('policy.operators');
    const press = {
      ...carol,
      channel: 'C0SYNC',
      actionId: 'sync:v1:command:0',
      value: 'pause orders because of a test',
    };
    await harness.slack.pressForged(press).acked;
    await harness.slack.waitFor(() => refusalsOf('U0CAROL').length === 2);
    expect(await operations()).toEqual([]);
    expect(visibleText(await harness.runCommand('list', carol))).toContain('orders');
  });

  it('A press of OK on an expired dialog changes nothing and shows that it expired.', async () => {
    await harness.services.instance.startWorkers();
    const dialog = await harness.runCommand('pause orders');
    const [operation] = await operations();
    await harness.services.redis.hset(`syncbot:{p:orders}:op:${operation?.id}`, 'expiresAt', '1');
    harness.press('OK', dialog);
    const answer = await harness.waitForMessage(/Expired[\s\S]*Nothing was changed/);
    expect(buttonLabels(answer)).toEqual(['Pause']);
    expect(await harness.services.context.projects.read('orders')).toMatchObject({ state: 'running', version: 1 });
  });

  it('A newer request supersedes the older dialog, whose OK then changes nothing.', async () => {
    await harness.services.instance.startWorkers();
    const older = await harness.runCommand('pause orders');
    const newer = await harness.runCommand('pause orders');
    harness.press('OK', older);
    await harness.waitForMessage(/Replaced by a newer request[\s\S]*This request changed nothing/);
    harness.press('OK', newer);
    await waitForPaused();
  });

  it('A mistyped command is one press away from the right one, with its reason.', async () => {
    const answer = await harness.runCommand('pause ordes because we deploy');
    expect(visibleText(answer)).toContain('Did you mean orders?');
    harness.press('Pause orders', answer);
    await harness.waitForMessage(/Pause orders\?[\s\S]*Reason: we deploy/);
    harness.press('Help', await harness.runCommand('xyz'));
    await harness.waitForMessage(/Run data synchronization projects from here/);
    harness.press('List', await harness.runCommand('show zzzzzz'));
    await harness.waitForMessage(/1 project(?: is well)?: 1 Running/);
    harness.press('History orders', await harness.runCommand('histroy orders'));
    await harness.waitForMessage('History of orders');
    harness.press('History since 2h', await harness.runCommand('history 2h'));
    await harness.waitForMessage('History of 1 project since');
    harness.press('History since yesterday', await harness.runCommand('history orders since noon'));
    await harness.waitForMessage('History of orders since');
    harness.press('Whoami', await harness.runCommand('permissions'));
    await harness.waitForMessage('You are <@U0ALICE>');
    harness.press('Precheck orders', await harness.runCommand('prechek orders'));
    await harness.waitForMessage(/orders · Running · Precheck/);
  });

  it('The bot answers a press on a button of an older version or with an unknown value.', async () => {
    const sender = { user: 'U0ALICE', channel: 'C0SYNC' };
    await harness.slack.pressForged({ ...sender, actionId: 'sync:v0:confirm', value: 'x' }).acked;
    await harness.waitForMessage(/older version/);
    await harness.slack.pressForged({ ...sender, actionId: 'sync:v1:ok', value: 'orders/feedfeedfeed' }).acked;
    await harness.waitForMessage(/does not exist any more/);
    for (const value of ['', '{}', 'orders', '../etc/x', 'a'.repeat(1_990)]) {
      expect((await harness.slack.pressForged({ ...sender, actionId: 'sync:v1:ok', value }).acked).kind).toBe('acked');
    }
    expect(await harness.services.context.projects.read('orders')).toMatchObject({ version: 1 });
  });

  it('A dialog still works after a restart of the bot.', async () => {
    const dialog = await harness.runCommand('pause orders');
    await harness.bot[Symbol.asyncDispose]();
    await harness.addBot();
    await harness.services.instance.startWorkers();
    harness.press('OK', dialog);
    await harness.waitForMessage('orders was paused', bob);
  });

  it('Of OK and Cancel the first press counts, and the channel gets no message about a cancelled request.', async () => {
    await harness.services.instance.startWorkers();
    const dialog = await harness.runCommand('pause orders');
    harness.press('Cancel', dialog);
    await harness.waitForMessage('orders · Cancelled ');
    await harness.press('OK', dialog).acked;
    const [operation] = await operations();
    expect(operation).toMatchObject({ state: 'cancelled', resolvedAt: expect.any(Number) });
    expect(await pauseEvents()).toEqual([]);
    expect(channelMessages()).toEqual([]);
  });

  it('An OK after another operation has changed the project changes nothing, and only its requester reads why.', async () => {
    await harness.services.instance.startWorkers();
    const late = await harness.runCommand('pause orders', bob);
    await harness.requestAndPressOk('pause', 'orders');
    await harness.waitForMessage('orders was paused', { user: 'U0CAROL' });
    harness.press('OK', late, bob.user);
    const refused = visibleText(await harness.waitForMessage('orders · Not paused', bob));
    expect(refused).toMatch(/by <@U0ALICE>/);
    expect(refused).toMatch(/(since|it) <!date/);
    expect(await pauseEvents()).toHaveLength(1);
    const channelTexts = harness.slack.messagesVisibleTo('U0CAROL', 'C0SYNC').map(visibleText);
    expect(channelTexts).toEqual([expect.stringContaining('orders was paused')]);
  });

  it('Of two operations on two bots and two workers one succeeds, and the refusal of the other names its requester.', async () => {
    const secondBot = await harness.addBot();
    await harness.services.instance.startWorkers();
    await secondBot.services.startWorkers();
    const dialogs = [await harness.runCommand('pause orders'), await harness.runCommand('pause orders', bob)] as const;
    expect(dialogs.map((dialog) => visibleText(dialog).includes('asks for the same'))).toEqual([false, true]);
    expect(visibleText(dialogs[1])).toContain('<@U0ALICE> asks for the same');
    harness.press('OK', dialogs[0]);
    harness.press('OK', dialogs[1], 'U0BOB');
    await waitForPaused();
    const finishedOperations = await harness.slack.waitFor(async () => {
      const found = await operations();
      return found.every(({ state }) => state === 'done' || state === 'refused') && found;
    });
    const winner = finishedOperations.find(({ state }) => state === 'done');
    const loser = finishedOperations.find(({ state }) => state === 'refused');
    expect(finishedOperations).toHaveLength(2);
    expect(loser?.refusal).toMatchObject({ by: winner?.by });
    expect(await harness.services.context.projects.read('orders')).toMatchObject({ state: 'paused', version: 3 });
    expect(await pauseEvents()).toHaveLength(1);
    // The loser reads who won and when. The channel reads of the winner only.
    const loserText = visibleText(await harness.waitForMessage('orders · Not paused', { user: loser?.by ?? '' }));
    expect(loserText).toContain(`<@${winner?.by}>`);
    expect(loserText).toMatch(/(since|it) <!date/);
    await harness.waitForMessage('orders was paused', { user: 'U0CAROL' });
    const channelTexts = harness.slack.messagesVisibleTo('U0CAROL', 'C0SYNC').map(visibleText);
    expect(channelTexts).toEqual([expect.stringContaining('orders was paused')]);
  });
});

function never(): never {
  throw new Error('no message');
}
