import { LogLevel, webApi } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RetryLaterError } from '../../../src/application/errors.ts';
import type { Notifier } from '../../../src/application/ports.ts';
import type { Dialog, Operation } from '../../../src/domain/operation.ts';
import type { Project } from '../../../src/domain/project.ts';
import { createOperationNotifier } from '../../../src/slack/notifier/operation-notifier.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import {
  exampleNow,
  exampleOperation,
  exampleOutcome,
  exampleProject,
  exampleRefusal,
} from '../../support/example-records.ts';

const ref = { project: 'orders', operation: 'op1' };
let logged: { readonly fields: object; readonly message: string }[];
const logLine = (fields: object, message: string) => void logged.push({ fields, message });
const log = { info: logLine, warn: logLine, error: logLine };

let slack: FakeSlack;
let notifyOperation: Notifier['notifyOperation'];
let operation: Operation;
let project: Project | null;
let now: number;
/** What the notifier asked for itself: the operation and the delay. */
let requested: unknown[];
/** Called when the notifier asks for a later notification. */
let onRequested: () => void;

beforeEach(async () => {
  now = exampleNow;
  requested = [];
  onRequested = () => {};
  slack = await FakeSlack.start();
  logged = [];
  project = exampleProject({ state: 'paused' });
  const { apiUrl: slackApiUrl, botToken } = slack;
  const client = { slackApiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: 2_000 };
  notifyOperation = createOperationNotifier({
    client: new webApi.WebClient(botToken, {
      ...client,
      logLevel: LogLevel.ERROR,
    }),
    shownDialogs: new Map(),
    channelsWithoutButtons: [],
    format: slackFormatter('/sync'),
    log,
    projects: { read: async () => project },
    operations: {
      read: async ({ operation: id }) => (id === operation.id ? operation : null),
      async markNotified(_ref, { seq, message, dialogUses, hasRepliedAfterWait = false }) {
        const dialog = operation.dialog && { ...operation.dialog, usesLeft: operation.dialog.usesLeft - dialogUses };
        operation = {
          ...operation,
          notifiedSeq: Math.max(seq, operation.notifiedSeq),
          message: message ?? operation.message,
          dialog,
          waitRepliedAt: hasRepliedAfterWait ? now : operation.waitRepliedAt,
        };
      },
    },
    notifications: {
      async operationChanged(...request) {
        requested.push(request);
        onRequested();
      },
    },
    jobs: { batchOperationChanged: async () => {} },
    serverClock: { now: async () => now },
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await slack[Symbol.asyncDispose]();
});

const channelTexts = (channel = 'C0SYNC') => slack.messagesVisibleTo('U0BOB', channel).map((message) => message.text);
const ephemeralsToAlice = (channel = 'C0SYNC') =>
  slack.messagesVisibleTo('U0ALICE', channel).filter(({ ephemeralFor }) => ephemeralFor !== undefined);

const dialogTexts = () => ephemeralsToAlice().map(({ text }) => text);

/** A dialog with the response_url of a press by alice. */
function createDialog(expiresAt = exampleNow + 60_000): Extract<Dialog, { kind: 'response_url' }> {
  const { responseUrl } = slack.pressForged({ user: 'U0ALICE', channel: 'C0SYNC', actionId: 'x' });
  return { kind: 'response_url', url: responseUrl, expiresAt, usesLeft: 5 };
}

/** Changes the operation and increments `seq`, as the store does, and notifies. */
async function updateAndNotify(overrides: Partial<Operation>): Promise<void> {
  operation = { ...operation, ...overrides, seq: operation.seq + 1 };
  await notifyOperation(ref);
}

/** Notifies again when every delay that Slack asked for has passed. */
async function retryLater(): Promise<void> {
  const later = performance.now() + 60_000;
  vi.spyOn(performance, 'now').mockReturnValue(later);
  await notifyOperation(ref);
}

const doneOperation: Partial<Operation> = { state: 'done', toState: 'paused', outcome: exampleOutcome };

describe('the message of an operation', () => {
  it('is posted once and edited in place', async () => {
    operation = exampleOperation();
    await updateAndNotify({ state: 'confirmed' });
    expect(channelTexts()).toEqual([]);
    await updateAndNotify({ state: 'running' });
    await updateAndNotify({ state: 'running', progress: { done: 1, total: 2 } });
    await updateAndNotify(doneOperation);
    expect(channelTexts()).toEqual([expect.stringContaining('orders was paused')]);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(operation.notifiedSeq).toBe(operation.seq);
  });

  it('is posted to the channel of the project, also for an operation from the command line', async () => {
    project = { ...exampleProject({ state: 'paused' }) };
    project = { ...project, definition: { ...project.definition, channel: 'C0SYNC' } };
    operation = exampleOperation({ origin: 'cli', channel: null, by: 'cli:root' });
    await updateAndNotify(doneOperation);
    expect(channelTexts()).toEqual([expect.stringContaining('by root on the command line')]);
  });

  it.each(['cancelled', 'expired', 'superseded'] as const)('is not posted when the operation was %s', async (state) => {
    operation = exampleOperation();
    await updateAndNotify({ state });
    expect(slack.calls).toEqual([]);
    expect(operation.notifiedSeq).toBe(operation.seq);
  });

  it('is logged once, at the end, with where it was delivered', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify({ state: 'running' });
    await updateAndNotify({ state: 'running' });
    expect(logged).toEqual([]);
    await updateAndNotify(doneOperation);
    expect(logged).toEqual([
      {
        fields: { project: 'orders', operationId: 'op1', state: 'done', destinations: ['channel', 'dialog'] },
        message: 'operation notified',
      },
    ]);
  });

  it('is not posted twice', async () => {
    operation = exampleOperation();
    await updateAndNotify(doneOperation);
    await notifyOperation(ref);
    expect(slack.calls).toHaveLength(1);
  });

  it('is posted again when a person deleted it', async () => {
    operation = exampleOperation();
    await updateAndNotify({ state: 'running' });
    slack.injectFault({ method: 'chat.update', error: 'message_not_found' });
    await updateAndNotify(doneOperation);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(2);
    expect(channelTexts().at(-1)).toContain('orders was paused');
  });

  it('is sent as text when Slack refuses its blocks', async () => {
    operation = exampleOperation();
    slack.injectFault({ method: 'chat.postMessage', error: 'invalid_blocks' });
    await updateAndNotify(doneOperation);
    expect(channelTexts()).toEqual([expect.stringContaining('orders was paused')]);
  });
});

describe('the first message of an operation in a channel', () => {
  const started: Partial<Operation> = { state: 'running', startedAt: exampleNow };

  it('waits for the outcome for up to a second', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    now = exampleNow + 200;
    await updateAndNotify(started);
    expect(dialogTexts()).toEqual(['orders · Pausing… · by <@U0ALICE> · we deploy']);
    expect(requested).toEqual([[ref, 800]]);
    await updateAndNotify(doneOperation);
    expect(channelTexts()).toEqual([expect.stringContaining('orders was paused')]);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(slack.callsTo('chat.update')).toEqual([]);
  });

  it('says that the operation is in progress if it takes longer', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify(started);
    expect(operation.notifiedSeq).toBeLessThan(operation.seq);
    now = exampleNow + 1_000;
    await notifyOperation(ref);
    expect(channelTexts()).toEqual([expect.stringContaining('orders · Pausing…')]);
    expect(operation.notifiedSeq).toBe(operation.seq);
    expect(slack.callsTo('response_url')).toHaveLength(1);
    expect(requested).toHaveLength(1);
  });

  it('does not wait if the operation ends before the delay is stored', async () => {
    operation = exampleOperation();
    onRequested = () => {
      operation = { ...operation, ...doneOperation, seq: operation.seq + 1 };
    };
    await updateAndNotify(started);
    expect(channelTexts()).toEqual([expect.stringContaining('orders was paused')]);
    expect(requested).toHaveLength(1);
  });

  it('is edited at once if it said that no worker claims the operation', async () => {
    operation = exampleOperation();
    await updateAndNotify({ state: 'confirmed', claimDelayedAt: exampleNow, executeBy: exampleNow + 110_000 });
    await updateAndNotify(started);
    expect(channelTexts()).toEqual([expect.stringMatching(/^orders · Pausing…[^\n]*$/)]);
    expect(requested).toEqual([]);
  });
});

describe('a refusal that changed nothing', () => {
  const refused: Partial<Operation> = { state: 'refused', refusal: exampleRefusal };
  const text = expect.stringMatching(/^orders · Not paused · .*\nIt was Paused already, since .*, by <@U0BOB>\./);
  const directMessages = () =>
    slack.messagesVisibleTo('U0ALICE', slack.directMessage('U0ALICE').id).map((message) => message.text);

  it('is shown to the requester, and not to the channel', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify({ state: 'confirmed' });
    await updateAndNotify(refused);
    expect(ephemeralsToAlice().at(-1)?.text).toEqual(text);
    expect(slack.callsTo('chat.postMessage')).toEqual([]);
    expect(operation.notifiedSeq).toBe(operation.seq);
  });

  it('is a direct message when the dialog has expired', async () => {
    operation = exampleOperation({ dialog: createDialog(exampleNow - 1) });
    await updateAndNotify(refused);
    expect(channelTexts()).toEqual([]);
    expect(directMessages()).toEqual([text]);
  });

  it('of the command line is not sent', async () => {
    operation = exampleOperation({ origin: 'cli', by: 'cli:root' });
    await updateAndNotify(refused);
    expect(slack.calls).toEqual([]);
    expect(logged).toMatchObject([{ message: 'operation notified' }]);
  });

  it('edits the message which said that no worker claims the operation', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify({ state: 'confirmed', claimDelayedAt: exampleNow, executeBy: exampleNow + 110_000 });
    expect(channelTexts()).toEqual([expect.stringContaining('No syncbot worker has taken the request yet')]);
    await updateAndNotify({ state: 'refused', refusal: { code: 'claim_timeout', project: 'orders', action: 'pause' } });
    expect(channelTexts()).toEqual([expect.stringContaining('o syncbot worker took the request within 2 min')]);
  });
});

describe('the dialog of the requester', () => {
  it('is replaced only at OK and at the end', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify({ state: 'running' });
    await updateAndNotify({ state: 'running', progress: { done: 1, total: 2 } });
    await updateAndNotify(doneOperation);
    expect(slack.callsTo('response_url')).toHaveLength(2);
    expect(operation.dialog?.usesLeft).toBe(3);
  });

  it('becomes one line when the channel has the whole outcome', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify({ ...doneOperation, outcome: { ...exampleOutcome, inFlight: 3 } });
    expect(channelTexts()).toEqual([
      'orders was paused · 2 links · by <@U0ALICE> · we deploy\n3 tasks were still in flight then',
    ]);
    expect(dialogTexts()).toEqual(['orders was paused · 2 links · see the message in <#C0SYNC>']);
  });

  it('has the whole outcome while the channel waits, and one line afterwards', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 1 });
    await expect(updateAndNotify(doneOperation)).rejects.toThrow(RetryLaterError);
    expect(dialogTexts()).toEqual(['orders was paused · 2 links · by <@U0ALICE> · we deploy']);
    await retryLater();
    expect(dialogTexts().at(-1)).toBe('orders was paused · 2 links · see the message in <#C0SYNC>');
  });

  it('of a second press is replaced too, while the channel waits', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 30 });
    await expect(updateAndNotify({ state: 'running' })).rejects.toThrow(RetryLaterError);
    await expect(updateAndNotify({ dialog: createDialog() })).rejects.toThrow(RetryLaterError);
    const pausing = 'orders · Pausing… · by <@U0ALICE> · we deploy';
    expect(dialogTexts()).toEqual([pausing, pausing]);
  });

  it('shows after Cancel that nothing was changed', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify({ state: 'cancelled' });
    expect(dialogTexts()).toEqual([expect.stringContaining('Nothing was changed.')]);
    expect(channelTexts()).toEqual([]);
  });

  it('shows the outcome when the bot cannot post to the channel', async () => {
    operation = exampleOperation({ channel: 'C0OTHER', dialog: createDialog() });
    await updateAndNotify(doneOperation);
    expect(slack.callsTo('chat.postMessage').map(({ result }) => result)).toEqual(['not_in_channel']);
    expect(dialogTexts()).toEqual(['orders was paused · 2 links · by <@U0ALICE> · we deploy']);
  });

  it('is replaced by a direct message when it has expired', async () => {
    operation = exampleOperation({ channel: 'C0OTHER', dialog: createDialog(exampleNow - 1) });
    await updateAndNotify(doneOperation);
    const directMessageChannel = slack.directMessage('U0ALICE').id;
    expect(slack.messagesVisibleTo('U0ALICE', directMessageChannel).map((message) => message.text)).toEqual([
      expect.stringContaining('orders was paused'),
    ]);
    expect(operation.message?.channel).toBe(directMessageChannel);
    await updateAndNotify({ outcome: { ...exampleOutcome, linksTotal: 3 } });
    expect(slack.messagesVisibleTo('U0ALICE', directMessageChannel)).toHaveLength(1);
  });

  it('is not used again when Slack does not know its response_url', async () => {
    operation = exampleOperation({
      dialog: { ...createDialog(), url: `${slack.apiUrl.replace('api/', '')}actions/gone` },
    });
    await updateAndNotify({ state: 'cancelled' });
    expect(operation.dialog?.usesLeft).toBe(0);
    expect(operation.notifiedSeq).toBe(operation.seq);
  });
});

describe('an outcome that is followed', () => {
  const pausing: Partial<Operation> = {
    ...doneOperation,
    finishedAt: exampleNow,
    outcome: { ...exampleOutcome, inFlight: 3 },
    followUp: { goal: 'quiet', latest: null, intervalMs: 1_000 },
  };
  const observed = { at: exampleNow, counters: null, rates: null, noWorker: { total: 0, first: [] } };
  const progress: Partial<Operation> = {
    followUp: { goal: 'quiet', latest: { ...observed, remaining: 1 }, intervalMs: 2_000 },
  };
  const end: Partial<Operation> = { followEnd: { kind: 'reached', at: exampleNow } };
  const notified: Partial<Operation> = { notifiedAt: exampleNow };

  it('edits its message, and not the dialog again', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify({ state: 'running' });
    await updateAndNotify(pausing);
    expect(channelTexts()).toEqual([expect.stringContaining('3 tasks still finishing')]);
    const dialogUpdates = slack.callsTo('response_url').length;
    await updateAndNotify({ ...notified, ...progress });
    expect(channelTexts()).toEqual([expect.stringContaining('1 task still finishing')]);
    await updateAndNotify(end);
    expect(channelTexts()).toEqual([expect.stringMatching(/Its last task in flight ended .*$/)]);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(slack.callsTo('response_url')).toHaveLength(dialogUpdates);
    expect(logged.map(({ message }) => message)).toEqual(['operation notified']);
  });

  it('is not posted again when a person deleted its message', async () => {
    operation = exampleOperation();
    await updateAndNotify(pausing);
    slack.injectFault({ method: 'chat.update', error: 'message_not_found' });
    await updateAndNotify({ ...notified, ...progress });
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(operation.notifiedSeq).toBe(operation.seq);
  });

  it('shows in the dialog how it ended if the channel could not have the outcome', async () => {
    operation = exampleOperation({ channel: 'C0OTHER', dialog: createDialog() });
    await updateAndNotify({ state: 'running' });
    await updateAndNotify(pausing);
    const posts = slack.callsTo('chat.postMessage').length;
    await updateAndNotify({ ...notified, ...progress });
    expect(ephemeralsToAlice().at(-1)?.text).toContain('3 tasks still finishing');
    await updateAndNotify(end);
    expect(ephemeralsToAlice().at(-1)?.text).toContain('Its last task in flight ended');
    expect(slack.callsTo('chat.postMessage')).toHaveLength(posts);
  });

  it('edits the direct message of an operation that has no channel', async () => {
    operation = exampleOperation({ channel: null, origin: 'timer' });
    await updateAndNotify(pausing);
    const direct = slack.directMessage('U0ALICE').id;
    const directTexts = () => slack.messagesVisibleTo('U0ALICE', direct).map(({ text }) => text);
    expect(directTexts()).toEqual([expect.stringContaining('3 tasks still finishing')]);
    await updateAndNotify({ ...notified, ...progress });
    await updateAndNotify(end);
    expect(directTexts()).toEqual([expect.stringMatching(/Its last task in flight ended .*$/)]);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
  });

  it('replaces the dialog of a repeated press', async () => {
    operation = exampleOperation();
    await updateAndNotify(pausing);
    await updateAndNotify({ ...notified, dialog: createDialog() });
    expect(ephemeralsToAlice()).toHaveLength(1);
  });
});

describe('an outcome that neither the channel nor the dialog can show', () => {
  it('is not sent to a person before the end', async () => {
    operation = exampleOperation({ channel: 'C0OTHER' });
    await updateAndNotify({ state: 'running' });
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(logged).toEqual([
      { fields: expect.objectContaining({ code: 'not_in_channel' }), message: expect.any(String) },
    ]);
  });

  it('is not sent to a person if there is no channel that it was meant for', async () => {
    operation = exampleOperation({ channel: null, origin: 'cli' });
    await updateAndNotify(doneOperation);
    expect(slack.calls).toEqual([]);
    expect(operation.notifiedSeq).toBe(operation.seq);
  });

  it('is logged if it was requested from the command line', async () => {
    operation = exampleOperation({ channel: 'C0OTHER', by: 'cli:root' });
    await updateAndNotify(doneOperation);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(logged.map(({ message }) => message)).toContain('outcome not delivered: no channel, dialog or user');
    expect(operation.notifiedSeq).toBe(operation.seq);
  });

  it('is logged if the person cannot get it either', async () => {
    operation = exampleOperation({ channel: 'C0OTHER' });
    slack.injectFault({
      method: 'chat.postMessage',
      error: 'user_disabled',
      matchesArgs: ({ channel }) => channel === 'U0ALICE',
    });
    await updateAndNotify(doneOperation);
    expect(logged).toContainEqual({
      fields: { project: 'orders', operationId: 'op1', code: 'user_disabled' },
      message: 'outcome not delivered',
    });
  });

  it('is sent to the person later, after a transient error', async () => {
    operation = exampleOperation({ channel: 'C0OTHER' });
    slack.injectFault({
      method: 'chat.postMessage',
      retryAfter: 3,
      matchesArgs: ({ channel }) => channel === 'U0ALICE',
    });
    await expect(updateAndNotify(doneOperation)).rejects.toMatchObject({ delayMs: 3_000 });
    await notifyOperation(ref);
    expect(slack.messagesVisibleTo('U0ALICE', slack.directMessage('U0ALICE').id)).toHaveLength(1);
  });
});

it('An operation without a record is not notified.', async () => {
  operation = exampleOperation();
  await expect(notifyOperation({ project: 'orders', operation: 'other' })).resolves.toBeUndefined();
  expect(slack.calls).toEqual([]);
});

describe('failed calls to Slack', () => {
  it.each<[string, object]>([
    ['is rate limited', { retryAfter: 7 }],
    ['fails with 500', { status: 500 }],
    ['loses its reply', { dropReply: true }],
  ])('A call that %s is retried later.', async (_name, fault) => {
    operation = exampleOperation();
    slack.injectFault({ method: 'chat.postMessage', ...fault });
    await expect(updateAndNotify(doneOperation)).rejects.toThrow(RetryLaterError);
    expect(operation.notifiedSeq).toBeLessThan(operation.seq);
    await retryLater();
    expect(channelTexts().at(-1)).toContain('orders was paused');
  });

  it('A retry waits for the delay in Retry-After.', async () => {
    operation = exampleOperation();
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 7 });
    await expect(updateAndNotify(doneOperation)).rejects.toMatchObject({ delayMs: 7_000 });
  });

  it.each<[string, Partial<Operation>, number]>([
    ['5 s at the end', doneOperation, 5_000],
    ['1 s before', { state: 'running' }, 1_000],
  ])('While the channel has to wait, the dialog is checked again after %s.', async (_name, overrides, delayMs) => {
    operation = exampleOperation({ dialog: createDialog() });
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 7 });
    const failure = updateAndNotify(overrides);
    await expect(failure).rejects.toMatchObject({ delayMs, cause: expect.any(RetryLaterError) });
  });

  it('A channel that has to wait is not called before its time, also if the dialog is updated meanwhile.', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 70 });
    await expect(updateAndNotify({ state: 'running' })).rejects.toMatchObject({ delayMs: 1_000 });
    await expect(updateAndNotify(doneOperation)).rejects.toMatchObject({ delayMs: 5_000 });
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(slack.callsTo('response_url')).toHaveLength(2);
    expect(operation.dialog?.usesLeft).toBe(3);
  });

  it('A channel that has to wait is not called before its time, also if a change of the operation replaces the retry.', async () => {
    operation = exampleOperation();
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 2 });
    await expect(updateAndNotify({ state: 'running' })).rejects.toMatchObject({ delayMs: 2_000 });
    await expect(updateAndNotify(doneOperation)).rejects.toThrow(RetryLaterError);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    await retryLater();
    expect(channelTexts()).toEqual([expect.stringContaining('orders was paused')]);
  });

  it('A dialog that has to wait is not called before its time, and the channel is updated meanwhile.', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    slack.injectFault({ method: 'response_url', retryAfter: 70 });
    await expect(updateAndNotify({ state: 'running' })).rejects.toMatchObject({ delayMs: 1_000 });
    await expect(updateAndNotify(doneOperation)).rejects.toMatchObject({ delayMs: 5_000 });
    expect(slack.callsTo('response_url')).toHaveLength(1);
    expect(channelTexts()).toEqual([expect.stringContaining('orders was paused')]);
  });

  it.each([
    ['has expired', { expiresAt: exampleNow }],
    ['has been used up', { usesLeft: 0 }],
  ])('A dialog that %s does not shorten the delay.', async (_name, overrides) => {
    operation = exampleOperation({ dialog: { ...createDialog(), ...overrides } });
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 7 });
    await expect(updateAndNotify(doneOperation)).rejects.toMatchObject({ delayMs: 7_000 });
    expect(slack.callsTo('response_url')).toEqual([]);
  });

  it('A failed update of the dialog does not post to the channel again.', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    slack.injectFault({ method: 'response_url', retryAfter: 1 });
    await expect(updateAndNotify(doneOperation)).rejects.toThrow(RetryLaterError);
    await retryLater();
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(channelTexts()).toHaveLength(1);
    expect(operation.notifiedSeq).toBe(operation.seq);
  });

  it.each(['ratelimited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout'])(
    'A dialog is replaced later after the error %s.',
    async (error) => {
      operation = exampleOperation({ dialog: createDialog() });
      slack.injectFault({ method: 'response_url', error });
      await expect(updateAndNotify(doneOperation)).rejects.toThrow(RetryLaterError);
      await retryLater();
      expect(slack.callsTo('response_url')).toHaveLength(2);
      expect(operation.notifiedSeq).toBe(operation.seq);
    },
  );

  it('A failed post to the channel does not delay the update of the dialog.', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 1 });
    await expect(updateAndNotify({ state: 'running' })).rejects.toThrow(RetryLaterError);
    expect(ephemeralsToAlice()).toHaveLength(1);
    await retryLater();
    expect(slack.callsTo('response_url')).toHaveLength(1);
  });
});

describe('the reply at the end of a wait', () => {
  const replies = () => slack.threadReplies('C0SYNC').map(({ text }) => text);
  const caughtUp = { ...doneOperation, waitEndedAt: exampleNow + 60_000, finishedAt: exampleNow + 60_000 };

  /** The message is in the channel during the wait. */
  async function beginWait(overrides: Partial<Operation> = {}): Promise<void> {
    operation = exampleOperation(overrides);
    now = exampleNow + 10_000;
    const wait = { state: 'confirmed', catchUpMs: 1, waitsUntil: exampleNow + 1_800_000 } as const;
    await updateAndNotify({ ...wait, resolvedAt: exampleNow });
    expect(channelTexts()).toContainEqual(expect.stringMatching(/^orders is to be paused when it has caught up/));
  }

  it('mentions the requester once, also if the outcome changes later.', async () => {
    await beginWait();
    await updateAndNotify({ state: 'confirmed', waitEndedAt: exampleNow + 60_000 });
    expect(replies()).toEqual([]);
    await updateAndNotify(caughtUp);
    await updateAndNotify({ stateEndedAt: exampleNow + 90_000 });
    expect(replies()).toEqual([expect.stringMatching(/^<@U0ALICE> · orders was paused · 2 links/)]);
  });

  it('is posted later if Slack does not accept it now.', async () => {
    await beginWait();
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 3 });
    operation = { ...operation, ...caughtUp, seq: operation.seq + 1 };
    await expect(notifyOperation(ref)).rejects.toBeInstanceOf(RetryLaterError);
    expect(replies()).toEqual([]);
    await retryLater();
    expect(replies()).toHaveLength(1);
    expect(operation.notifiedSeq).toBe(operation.seq);
  });

  it('is in the thread of the request.', async () => {
    const { ts } = slack.mention({ user: 'U0BOB', channel: 'C0SYNC', text: '<@U0BOT> deploy at noon' });
    await beginWait({ threadTs: ts });
    await updateAndNotify(caughtUp);
    const thread = slack.threadVisibleTo('U0ALICE', 'C0SYNC', ts).map(({ text }) => text);
    expect(thread.at(-1)).toMatch(/^<@U0ALICE> · orders was paused/);
  });

  it.each<[string, Partial<Operation>, RegExp | null]>([
    ['a cancel of another person', { state: 'cancelled', waitEndedBy: 'U0BOB' }, /Cancelled by <@U0BOB>/],
    ['their own cancel', { state: 'cancelled', waitEndedBy: 'U0ALICE' }, null],
    ['their own Pause Now', { ...caughtUp, waitEndedBy: 'U0ALICE' }, null],
    ['a refusal after their own Pause Now', { state: 'refused', waitEndedBy: 'U0ALICE' }, /Not paused/],
    ['a wait that was too short for a message of its own', { ...caughtUp, waitEndedAt: exampleNow + 500 }, null],
  ])('notifies of %s, or does not.', async (_case, end, expected) => {
    await beginWait();
    await updateAndNotify({ finishedAt: exampleNow + 60_000, ...end });
    expect(replies()).toEqual(expected === null ? [] : [expect.stringMatching(expected)]);
  });

  it('is not posted to a person of the command line.', async () => {
    await beginWait({ by: 'cli:alice' });
    await updateAndNotify(caughtUp);
    expect(replies()).toEqual([]);
  });
});
