import { LogLevel, webApi } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RetryLaterError } from '../../../src/application/errors.ts';
import type { Notifier } from '../../../src/application/ports.ts';
import type { Dialog, Operation } from '../../../src/domain/operation.ts';
import type { Project } from '../../../src/domain/project.ts';
import { createOperationNotifier } from '../../../src/slack/notifier/operation-notifier.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import { exampleNow, exampleOperation, exampleOutcome, exampleProject } from '../../support/example-records.ts';

const ref = { project: 'orders', operation: 'op1' };
const log = { info: () => {}, warn: () => {}, error: () => {} };

let slack: FakeSlack;
let notifyOperation: Notifier['notifyOperation'];
let operation: Operation;
let project: Project | null;

beforeEach(async () => {
  slack = await FakeSlack.start();
  project = exampleProject({ state: 'paused' });
  const { apiUrl: slackApiUrl, botToken } = slack;
  const client = { slackApiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: 2_000 };
  notifyOperation = createOperationNotifier({
    client: new webApi.WebClient(botToken, {
      ...client,
      logLevel: LogLevel.ERROR,
    }),
    format: slackFormatter('/sync'),
    log,
    projects: { read: async () => project },
    operations: {
      read: async () => operation,
      async markNotified(_ref, { seq, message, dialogUses }) {
        const dialog = operation.dialog && { ...operation.dialog, usesLeft: operation.dialog.usesLeft - dialogUses };
        operation = {
          ...operation,
          notifiedSeq: Math.max(seq, operation.notifiedSeq),
          message: message ?? operation.message,
          dialog,
        };
      },
    },
    serverClock: { now: async () => exampleNow },
  });
});
afterEach(() => slack[Symbol.asyncDispose]());

const channelTexts = (channel = 'C0SYNC') => slack.messagesVisibleTo('U0BOB', channel).map((message) => message.text);
const ephemeralsToAlice = (channel = 'C0SYNC') =>
  slack.messagesVisibleTo('U0ALICE', channel).filter(({ ephemeralFor }) => ephemeralFor !== undefined);

/** A dialog with the response_url of a press by alice. */
function createDialog(expiresAt = exampleNow + 60_000): Dialog {
  const { responseUrl } = slack.pressForged({ user: 'U0ALICE', channel: 'C0SYNC', actionId: 'x' });
  return { url: responseUrl, expiresAt, usesLeft: 5 };
}

/** Changes the operation and increments `seq`, as the store does, and notifies. */
async function updateAndNotify(overrides: Partial<Operation>): Promise<void> {
  operation = { ...operation, ...overrides, seq: operation.seq + 1 };
  await notifyOperation(ref);
}

const doneOperation: Partial<Operation> = { state: 'done', toState: 'paused', outcome: exampleOutcome };

describe('the message of an operation', () => {
  it('is posted once and edited in place', async () => {
    operation = exampleOperation();
    await updateAndNotify({ state: 'confirmed' });
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
    expect(channelTexts()).toEqual([expect.stringContaining('by cli:root')]);
  });

  it.each(['cancelled', 'expired', 'superseded'] as const)('is not posted when the operation was %s', async (state) => {
    operation = exampleOperation();
    await updateAndNotify({ state });
    expect(slack.calls).toEqual([]);
    expect(operation.notifiedSeq).toBe(operation.seq);
  });

  it('is not posted twice', async () => {
    operation = exampleOperation();
    await updateAndNotify(doneOperation);
    await notifyOperation(ref);
    expect(slack.calls).toHaveLength(1);
  });

  it('is posted again when a person deleted it', async () => {
    operation = exampleOperation();
    await updateAndNotify({ state: 'confirmed' });
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

describe('the dialog of the requester', () => {
  it('is replaced only at OK and at the end', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify({ state: 'confirmed' });
    await updateAndNotify({ state: 'running', progress: { done: 1, total: 2 } });
    await updateAndNotify(doneOperation);
    expect(slack.callsTo('response_url')).toHaveLength(2);
    expect(operation.dialog?.usesLeft).toBe(3);
    expect(
      ephemeralsToAlice()
        .map((message) => message.text)
        .at(-1),
    ).toContain('orders was paused');
  });

  it('shows after Cancel that nothing was changed', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    await updateAndNotify({ state: 'cancelled' });
    expect(ephemeralsToAlice().map((message) => message.text)).toEqual([
      expect.stringContaining('Nothing was changed.'),
    ]);
    expect(channelTexts()).toEqual([]);
  });

  it('shows the outcome when the bot cannot post to the channel', async () => {
    operation = exampleOperation({ channel: 'C0OTHER', dialog: createDialog() });
    await updateAndNotify(doneOperation);
    expect(slack.callsTo('chat.postMessage').map(({ result }) => result)).toEqual(['not_in_channel']);
    expect(ephemeralsToAlice()).toHaveLength(1);
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
    await notifyOperation(ref);
    expect(channelTexts().at(-1)).toContain('orders was paused');
  });

  it('A retry waits for the delay in Retry-After.', async () => {
    operation = exampleOperation();
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 7 });
    await expect(updateAndNotify(doneOperation)).rejects.toMatchObject({ delayMs: 7_000 });
  });

  it('A failed update of the dialog does not post to the channel again.', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    slack.injectFault({ method: 'response_url', retryAfter: 1 });
    await expect(updateAndNotify(doneOperation)).rejects.toThrow(RetryLaterError);
    await notifyOperation(ref);
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
      await notifyOperation(ref);
      expect(slack.callsTo('response_url')).toHaveLength(2);
      expect(operation.notifiedSeq).toBe(operation.seq);
    },
  );

  it('A failed post to the channel does not delay the update of the dialog.', async () => {
    operation = exampleOperation({ dialog: createDialog() });
    slack.injectFault({ method: 'chat.postMessage', retryAfter: 1 });
    await expect(updateAndNotify({ state: 'confirmed' })).rejects.toThrow(RetryLaterError);
    expect(ephemeralsToAlice()).toHaveLength(1);
    await notifyOperation(ref);
    expect(slack.callsTo('response_url')).toHaveLength(1);
  });
});
