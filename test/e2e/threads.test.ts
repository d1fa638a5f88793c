import { afterEach, describe, expect, it } from 'vitest';
import { messageShortcutId } from '../../src/slack/action-ids.ts';
import type { MessageView } from '../fake-slack/types.ts';
import {
  buttonLabels,
  channelMessages,
  closeWithoutViolations,
  type SlackHarness,
  type SlackHarnessOptions,
  startSlackHarness,
  visibleText,
  waitForChannelMessage,
} from '../support/slack-harness.ts';

const incidents = { id: 'C0INCIDENT', name: 'incident-7', members: ['U0ALICE', 'U0BOB', 'U0CAROL', 'U0BOT'] };

let harness: SlackHarness;
afterEach(() => closeWithoutViolations(harness));

/** The project orders, whose channel is #sync, Paused or Running. */
async function start(state: 'paused' | 'running', options: SlackHarnessOptions = {}) {
  harness = await startSlackHarness(options);
  const link = await harness.services.createLink('orders-full');
  await harness.services.createProject('orders', [link], { channel: 'C0SYNC', state });
  await harness.services.instance.startWorkers();
}

/** A message of bob that begins a thread. */
function startThread(channel = 'C0SYNC'): string {
  return harness.slack.mention({ user: 'U0BOB', channel, text: 'the target is slow <@U0BOT> help' }).ts;
}

interface Place {
  readonly threadTs: string;
  readonly channel?: string;
  readonly user?: string;
}

async function waitInThread(
  text: string | RegExp,
  { threadTs, channel = 'C0SYNC', user = 'U0ALICE' }: Place,
): Promise<MessageView> {
  const matches = (message: MessageView) =>
    typeof text === 'string' ? visibleText(message).includes(text) : text.test(visibleText(message));
  return harness.slack.waitFor(() => harness.slack.threadVisibleTo(user, channel, threadTs).findLast(matches), {
    description: `${text} in the thread`,
  });
}

describe('a mention in a thread', () => {
  it('A mention in a thread has its dialog and its outcome there, and the channel shows the same one message.', async () => {
    await start('paused');
    const threadTs = startThread();
    harness.slack.mention({ user: 'U0ALICE', channel: 'C0SYNC', text: 'restore orders because fixed', threadTs });
    const dialog = await waitInThread('Restore orders?', { threadTs });
    expect(dialog).toMatchObject({ ephemeralFor: 'U0ALICE', threadTs });
    expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
    harness.press('OK', dialog);
    const outcome = await waitInThread('orders was restored', { threadTs, user: 'U0CAROL' });
    expect(outcome).toMatchObject({ isBroadcast: true, channel: 'C0SYNC' });
    expect(visibleText(outcome)).toContain('fixed');
    expect(channelMessages(harness, /orders/)).toEqual([expect.objectContaining({ ts: outcome.ts })]);
  });

  it('A mention in a thread of another channel has its outcome in the thread and in the channel of the project.', async () => {
    await start('running', { slack: { channels: [incidents] } });
    const threadTs = startThread(incidents.id);
    const place = { threadTs, channel: incidents.id };
    harness.slack.mention({ user: 'U0ALICE', channel: incidents.id, text: 'pause orders', threadTs });
    harness.press('OK', await waitInThread('Pause orders?', place));
    const inThread = await waitInThread('orders was paused', { ...place, user: 'U0CAROL' });
    expect(inThread.isBroadcast).not.toBe(true);
    const inChannel = await waitForChannelMessage(harness, /orders was paused/);
    expect(visibleText(inThread)).toBe(visibleText(inChannel));
    expect(inChannel.threadTs).toBeUndefined();
  });

  it('A mention outside a thread is answered in the channel, and other words before it do not matter.', async () => {
    await start('running');
    harness.slack.mention({ user: 'U0ALICE', channel: 'C0SYNC', text: 'hello <@U0BOT> Show orders' });
    const answer = await harness.waitForMessage('orders · Running');
    expect(answer).toMatchObject({ ephemeralFor: 'U0ALICE' });
    expect(answer.threadTs).toBeUndefined();
  });

  it('A mention without a command gets the help.', async () => {
    await start('running');
    const threadTs = startThread();
    harness.slack.mention({ user: 'U0ALICE', channel: 'C0SYNC', text: '<@U0BOT>', threadTs });
    expect(visibleText(await waitInThread('/sync list', { threadTs })).length).toBeGreaterThan(0);
  });

  it('Slack repeats a mention, and its person gets one answer.', async () => {
    await start('running');
    const { delivery } = harness.slack.mention({ user: 'U0ALICE', channel: 'C0SYNC', text: 'pause orders' });
    if (delivery === null) throw new Error('Slack sent no event');
    await harness.waitForMessage('Pause orders?');
    await harness.slack.retryEvent(delivery).acked;
    await harness.slack.waitFor(() => harness.logLines.some(({ msg }) => msg === 'second delivery dropped'));
    expect(harness.slack.callsTo('chat.postEphemeral')).toHaveLength(1);
  });

  it('Two people ask in one thread: the first OK counts, and the other person reads who it was.', async () => {
    await start('paused');
    const threadTs = startThread();
    for (const user of ['U0ALICE', 'U0BOB'])
      harness.slack.mention({ user, channel: 'C0SYNC', text: 'restore orders', threadTs });
    const [first, second] = await Promise.all(
      ['U0ALICE', 'U0BOB'].map((user) => waitInThread('Restore orders?', { threadTs, user })),
    );
    if (first === undefined || second === undefined) throw new Error('no dialog');
    harness.press('OK', first);
    await waitInThread('orders was restored', { threadTs, user: 'U0CAROL' });
    harness.press('OK', second, 'U0BOB');
    const loser = await waitInThread('orders · Not restored', { threadTs, user: 'U0BOB' });
    expect(visibleText(loser)).toMatch(/by <@U0ALICE>/);
    expect(loser.ephemeralFor).toBe('U0BOB');
  });

  it('A dialog in a thread works after a restart of the bot.', async () => {
    await start('paused');
    const threadTs = startThread();
    harness.slack.mention({ user: 'U0ALICE', channel: 'C0SYNC', text: 'restore orders', threadTs });
    const dialog = await waitInThread('Restore orders?', { threadTs });
    await harness.bot[Symbol.asyncDispose]();
    await harness.addBot();
    harness.press('OK', dialog);
    await waitInThread('orders was restored', { threadTs, user: 'U0CAROL' });
  });

  it('A person who may only look gets a refusal, and the channel gets no message.', async () => {
    await start('paused');
    const threadTs = startThread();
    harness.slack.mention({ user: 'U0CAROL', channel: 'C0SYNC', text: 'restore orders', threadTs });
    const refusal = await waitInThread(/not .*operator|Nothing was changed/, { threadTs, user: 'U0CAROL' });
    expect(refusal.ephemeralFor).toBe('U0CAROL');
    expect(channelMessages(harness, /orders/)).toEqual([]);
  });

  it('A person of another workspace in a shared channel is refused.', async () => {
    await start('paused', { slack: { channels: [{ ...incidents, isExtShared: true }] } });
    harness.slack.user('U0BOB').teamId = 'T0OTHER';
    harness.slack.mention({ user: 'U0BOB', channel: incidents.id, text: 'restore orders' });
    const refusal = await harness.waitForMessage(/workspace/, { user: 'U0BOB', channel: incidents.id });
    expect(refusal.ephemeralFor).toBe('U0BOB');
    expect((await harness.services.context.operations.listOpen('orders')).length).toBe(0);
  });
});

describe('the message shortcut', () => {
  it('Three taps in an incident thread restore a project: the menu of the message, syncbot, OK.', async () => {
    await start('running');
    await harness.requestAndPressOk('pause', 'orders');
    const { ts: threadTs } = await waitForChannelMessage(harness, /orders was paused/);
    harness.slack.mention({ user: 'U0BOB', channel: 'C0SYNC', text: 'whoami', threadTs });
    await waitInThread('operator', { threadTs, user: 'U0BOB' });
    harness.slack.openShortcut({ user: 'U0BOB', message: threadTs, callbackId: messageShortcutId });
    const dialog = await waitInThread('Restore orders?', { threadTs, user: 'U0BOB' });
    expect(dialog).toMatchObject({ ephemeralFor: 'U0BOB', threadTs });
    harness.press('OK', dialog, 'U0BOB');
    const restored = await waitInThread('orders was restored', { threadTs, user: 'U0CAROL' });
    expect(restored.isBroadcast).toBe(true);
  });

  it('On a message without replies the dialog is in the channel, where Slack shows it.', async () => {
    await start('running');
    await harness.requestAndPressOk('pause', 'orders');
    const message = await waitForChannelMessage(harness, /orders was paused/);
    harness.slack.openShortcut({ user: 'U0BOB', message, callbackId: messageShortcutId });
    const dialog = await harness.waitForMessage('Restore orders?', { user: 'U0BOB' });
    expect(dialog.threadTs).toBeUndefined();
    harness.press('OK', dialog, 'U0BOB');
    await waitForChannelMessage(harness, /orders was restored/);
  });

  it('On a reply in the thread of an alert it knows the project of the alert.', async () => {
    await start('running');
    const link = await harness.services.createLink('payments-full');
    await link.startWorker(async () => {
      throw new Error('refused');
    });
    await harness.services.createProject('payments', [link], { channel: 'C0SYNC' });
    await link.queue.add('change', {});
    const { ts: threadTs } = await waitForChannelMessage(harness, /payments · Failed/);
    const reply = harness.slack.mention({ user: 'U0BOB', channel: 'C0SYNC', text: 'whoami', threadTs });
    harness.slack.openShortcut({ user: 'U0ALICE', message: reply.ts, callbackId: messageShortcutId });
    const dialog = await waitInThread('Restore payments?', { threadTs });
    expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
  });

  it('On another message it shows the list.', async () => {
    await start('running');
    harness.slack.openShortcut({ user: 'U0ALICE', message: startThread(), callbackId: messageShortcutId });
    expect(buttonLabels(await harness.waitForMessage('1 project'))).toContain('Pause');
  });

  it('On a Running project, and for people who may only look, it shows the project.', async () => {
    await start('running');
    await harness.requestAndPressOk('pause', 'orders');
    const message = await waitForChannelMessage(harness, /orders was paused/);
    harness.slack.openShortcut({ user: 'U0CAROL', message, callbackId: messageShortcutId });
    const shown = await harness.waitForMessage(/^orders · Paused/, { user: 'U0CAROL' });
    expect(buttonLabels(shown)).not.toContain('Restore');
    await harness.requestAndPressOk('restore', 'orders');
    await waitForChannelMessage(harness, /orders was restored/);
    harness.slack.openShortcut({ user: 'U0BOB', message, callbackId: messageShortcutId });
    expect(buttonLabels(await harness.waitForMessage(/^orders · Running/, { user: 'U0BOB' }))).toContain('Pause');
  });

  it('Where the bot is not a member, the dialog shows the outcome.', async () => {
    const channels = [{ ...incidents, members: ['U0ALICE', 'U0BOB'] }];
    await start('paused', { slack: { channels } });
    const sender = { channel: incidents.id };
    const { ts: message } = harness.slack.mention({ user: 'U0BOB', ...sender, text: 'what now' });
    harness.slack.openShortcut({ user: 'U0ALICE', message, callbackId: messageShortcutId });
    harness.press('Restore', await harness.waitForMessage('1 project', sender));
    harness.press('OK', await harness.waitForMessage('Restore orders?', sender));
    await waitForChannelMessage(harness, /orders was restored/);
    expect(await harness.waitForMessage('orders was restored', sender)).toMatchObject({ ephemeralFor: 'U0ALICE' });
  });
});

describe('over HTTP', () => {
  it('A mention and a message shortcut arrive as signed requests.', async () => {
    await start('paused', { transport: 'http' });
    const threadTs = startThread();
    harness.slack.mention({ user: 'U0ALICE', channel: 'C0SYNC', text: 'restore orders', threadTs });
    harness.press('OK', await waitInThread('Restore orders?', { threadTs }));
    const outcome = await waitInThread('orders was restored', { threadTs, user: 'U0CAROL' });
    harness.slack.openShortcut({ user: 'U0BOB', message: outcome, callbackId: messageShortcutId });
    await waitInThread('orders · Running', { threadTs, user: 'U0BOB' });
  });
});
