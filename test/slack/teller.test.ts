import { LogLevel, webApi } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RetryLater } from '../../src/application/faults.ts';
import type { Teller } from '../../src/application/ports.ts';
import type { Dialog, Operation } from '../../src/domain/operation.ts';
import type { Project } from '../../src/domain/project.ts';
import { slackVoice } from '../../src/slack/mrkdwn.ts';
import { createTeller } from '../../src/slack/teller.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { exampleNow, exampleOperation, exampleOutcome, exampleProject } from './examples.ts';

const ref = { project: 'orders', operation: 'op1' };
const log = { info: () => {}, warn: () => {}, error: () => {} };

let slack: StrictSlack;
let teller: Teller;
let operation: Operation;
let project: Project | null;

beforeEach(async () => {
  slack = await StrictSlack.start();
  project = exampleProject({ state: 'paused' });
  const { apiUrl: slackApiUrl, botToken } = slack;
  const client = { slackApiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: 2_000 };
  teller = createTeller({
    slack: new webApi.WebClient(botToken, {
      ...client,
      logLevel: LogLevel.ERROR,
    }),
    voice: slackVoice('/sync'),
    showErrors: false,
    log,
    store: {
      async alertTold(_id, kind, told) {
        const known = project?.alerts[kind];
        if (project === null || known === undefined) return;
        project = { ...project, alerts: { ...project.alerts, [kind]: { ...known, told } } };
      },
      read: async () => project,
      readOperation: async () => operation,
      now: async () => exampleNow,
      async told(_ref, { seq, message, dialogUses }) {
        const dialog = operation.dialog && { ...operation.dialog, usesLeft: operation.dialog.usesLeft - dialogUses };
        operation = {
          ...operation,
          toldSeq: Math.max(seq, operation.toldSeq),
          message: message ?? operation.message,
          dialog,
        };
      },
    },
  });
});
afterEach(() => slack[Symbol.asyncDispose]());

const inChannel = (channel = 'C0SYNC') => slack.messagesSeenBy('U0BOB', channel).map((message) => message.text);
const toAlice = (channel = 'C0SYNC') =>
  slack.messagesSeenBy('U0ALICE', channel).filter(({ ephemeralFor }) => ephemeralFor !== undefined);

/** The response_url of a press on a message that only alice sees, as a dialog is. */
function pressedDialog(until = exampleNow + 60_000): Dialog {
  const message = slack.pressRaw({ user: 'U0ALICE', channel: 'C0SYNC', actionId: 'x' });
  return { url: message.responseUrl, until, usesLeft: 5 };
}

/** What the store does with each change: the state moves on, and so does `seq`. */
async function becomes(more: Partial<Operation>): Promise<void> {
  operation = { ...operation, ...more, seq: operation.seq + 1 };
  await teller.tell(ref);
}

const done: Partial<Operation> = { state: 'done', toState: 'paused', outcome: exampleOutcome };

describe('the one message of an operation', () => {
  it('is posted once and edited in place', async () => {
    operation = exampleOperation();
    await becomes({ state: 'confirmed' });
    await becomes({ state: 'running', progress: { done: 1, total: 2 } });
    await becomes(done);
    expect(inChannel()).toEqual([expect.stringContaining('orders is Paused')]);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(operation.toldSeq).toBe(operation.seq);
  });

  it('stands in the channel of the project when it has one, also for the command line', async () => {
    project = { ...exampleProject({ state: 'paused' }) };
    project = { ...project, definition: { ...project.definition, channel: 'C0SYNC' } };
    operation = exampleOperation({ origin: 'cli', channel: null, by: 'cli:root' });
    await becomes(done);
    expect(inChannel()).toEqual([expect.stringContaining('by cli:root')]);
  });

  it.each(['cancelled', 'expired', 'superseded'] as const)('is not there when the operation was %s', async (state) => {
    operation = exampleOperation();
    await becomes({ state });
    expect(slack.calls).toEqual([]);
    expect(operation.toldSeq).toBe(operation.seq);
  });

  it('is not told twice', async () => {
    operation = exampleOperation();
    await becomes(done);
    await teller.tell(ref);
    expect(slack.calls).toHaveLength(1);
  });

  it('is posted anew when a person has deleted it', async () => {
    operation = exampleOperation();
    await becomes({ state: 'confirmed' });
    slack.fail({ method: 'chat.update', error: 'message_not_found' });
    await becomes(done);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(2);
    expect(inChannel().at(-1)).toContain('orders is Paused');
  });

  it('is sent as text when Slack refuses its blocks', async () => {
    operation = exampleOperation();
    slack.fail({ method: 'chat.postMessage', error: 'invalid_blocks' });
    await becomes(done);
    expect(inChannel()).toEqual([expect.stringContaining('orders is Paused')]);
  });
});

describe('the dialog of the requester', () => {
  it('is replaced at OK and at the end only', async () => {
    operation = exampleOperation({ dialog: pressedDialog() });
    await becomes({ state: 'confirmed' });
    await becomes({ state: 'running', progress: { done: 1, total: 2 } });
    await becomes(done);
    expect(slack.callsTo('response_url')).toHaveLength(2);
    expect(operation.dialog?.usesLeft).toBe(3);
    expect(
      toAlice()
        .map((message) => message.text)
        .at(-1),
    ).toContain('orders is Paused');
  });

  it('says that nothing was changed after Cancel', async () => {
    operation = exampleOperation({ dialog: pressedDialog() });
    await becomes({ state: 'cancelled' });
    expect(toAlice().map((message) => message.text)).toEqual([expect.stringContaining('Nothing was changed.')]);
    expect(inChannel()).toEqual([]);
  });

  it('is the outcome when the channel cannot be posted to', async () => {
    operation = exampleOperation({ channel: 'C0OTHER', dialog: pressedDialog() });
    await becomes(done);
    expect(slack.callsTo('chat.postMessage').map(({ result }) => result)).toEqual(['not_in_channel']);
    expect(toAlice()).toHaveLength(1);
  });

  it('gives way to a direct message when it cannot be used any more', async () => {
    operation = exampleOperation({ channel: 'C0OTHER', dialog: pressedDialog(exampleNow - 1) });
    await becomes(done);
    const direct = slack.directMessage('U0ALICE').id;
    expect(slack.messagesSeenBy('U0ALICE', direct).map((message) => message.text)).toEqual([
      expect.stringContaining('orders is Paused'),
    ]);
    expect(operation.message?.channel).toBe(direct);
    await becomes({ outcome: { ...exampleOutcome, linksTotal: 3 } });
    expect(slack.messagesSeenBy('U0ALICE', direct)).toHaveLength(1);
  });

  it('that Slack has forgotten is not tried again', async () => {
    operation = exampleOperation({
      dialog: { ...pressedDialog(), url: `${slack.apiUrl.replace('api/', '')}actions/gone` },
    });
    await becomes({ state: 'cancelled' });
    expect(operation.dialog?.usesLeft).toBe(0);
    expect(operation.toldSeq).toBe(operation.seq);
  });
});

describe('trouble with Slack', () => {
  it.each<[string, object]>([
    ['asks for patience', { retryAfter: 7 }],
    ['breaks', { status: 500 }],
    ['loses the reply', { dropReply: true }],
  ])('that %s is told later', async (_name, fault) => {
    operation = exampleOperation();
    slack.fail({ method: 'chat.postMessage', ...fault });
    await expect(becomes(done)).rejects.toThrow(RetryLater);
    expect(operation.toldSeq).toBeLessThan(operation.seq);
    await teller.tell(ref);
    expect(inChannel().at(-1)).toContain('orders is Paused');
  });

  it('keeps to the patience that Slack asks for', async () => {
    operation = exampleOperation();
    slack.fail({ method: 'chat.postMessage', retryAfter: 7 });
    await expect(becomes(done)).rejects.toMatchObject({ afterMs: 7_000 });
  });

  it('with the dialog does not post to the channel twice', async () => {
    operation = exampleOperation({ dialog: pressedDialog() });
    slack.fail({ method: 'response_url', retryAfter: 1 });
    await expect(becomes(done)).rejects.toThrow(RetryLater);
    await teller.tell(ref);
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
    expect(inChannel()).toHaveLength(1);
    expect(operation.toldSeq).toBe(operation.seq);
  });

  it.each(['ratelimited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout'])(
    'a dialog that Slack did not replace, %s, is replaced later',
    async (error) => {
      operation = exampleOperation({ dialog: pressedDialog() });
      slack.fail({ method: 'response_url', error });
      await expect(becomes(done)).rejects.toThrow(RetryLater);
      await teller.tell(ref);
      expect(slack.callsTo('response_url')).toHaveLength(2);
      expect(operation.toldSeq).toBe(operation.seq);
    },
  );

  it('with the channel does not keep a pressed dialog waiting', async () => {
    operation = exampleOperation({ dialog: pressedDialog() });
    slack.fail({ method: 'chat.postMessage', retryAfter: 1 });
    await expect(becomes({ state: 'confirmed' })).rejects.toThrow(RetryLater);
    expect(toAlice()).toHaveLength(1);
    await teller.tell(ref);
    expect(slack.callsTo('response_url')).toHaveLength(1);
  });
});
