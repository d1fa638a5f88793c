import { webApi } from '@slack/bolt';
import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../src/application/errors.ts';
import type { Refusal } from '../../../src/domain/refusal.ts';
import {
  createListener,
  type ListenerContext,
  type ListenerResult,
  onOutdatedButton,
} from '../../../src/slack/listeners/listener.ts';
import { readBlockAction, readSlashCommand } from '../../../src/slack/requests.ts';
import { textMessage } from '../../../src/slack/views/blocks.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { exampleNow } from '../../support/example-records.ts';
import { createFakeContext, type FakeStores } from '../fake-context.ts';

const body = {
  user_id: 'U1',
  team_id: 'T1',
  channel_id: 'C1',
  text: 'list',
  trigger_id: '1.2.abc',
  response_url: 'http://127.0.0.1:1/commands/1',
};

/** A context whose `responseUrlFetch` answers with these statuses, then with 200. */
function createContext({ stores, statuses = [] }: { stores?: FakeStores; statuses?: readonly number[] } = {}) {
  const { context: useCaseContext, logLines } = createFakeContext([], stores);
  const authorizer = {
    authorizeRequest: async () => null,
    readAccess: async () => ({ refusal: null, operatorEntry: 'U1', channels: [] }),
    listOperators: async () => ({ people: ['U1'], unreadGroups: [] }),
    isOperator: async () => true,
    checkTeam: () => null,
  };
  const answers: { readonly text: string; readonly replace_original: boolean }[] = [];
  const remaining = [...statuses];
  const context: ListenerContext = {
    ...useCaseContext,
    client: new webApi.WebClient('xoxb-test', { slackApiUrl: 'http://127.0.0.1:9/' }),
    readTimeZone: async () => 'UTC',
    authorizer,
    format: slackFormatter('/sync'),
    showErrors: false,
    responseUrlFetch: async (_url, init) => {
      answers.push(JSON.parse(String(init?.body)));
      return new Response('ok', { status: remaining.shift() ?? 200, headers: { 'retry-after': '30' } });
    },
  };
  return { context, logLines, logMessages: () => logLines.map(({ message }) => message), answers };
}

const ack = async () => {};
const answerWith = (text: string): ListenerResult => ({ kind: 'message', message: textMessage(text) });
const notOperator: Refusal = { code: 'not_operator', user: 'U1' };

const notified = async (): Promise<ListenerResult> => ({ kind: 'notified' });

describe('createListener', () => {
  it('acknowledges before it decodes and runs', async () => {
    const callOrder: string[] = [];
    const { context } = createContext();
    const ack = async () => void callOrder.push('ack');
    const decode = (received: unknown) => {
      callOrder.push('decode');
      return readSlashCommand(received);
    };
    const run = () => {
      callOrder.push('run');
      return notified();
    };
    await createListener(context, { decode, run })({ ack, body });
    expect(callOrder).toEqual(['ack', 'decode', 'run']);
  });

  it('runs once when the acknowledgement fails', async () => {
    const { context, logMessages } = createContext();
    const handled: string[] = [];
    const ack = () => Promise.reject(new Error('client is not ready'));
    const run = () => {
      handled.push('once');
      return notified();
    };
    await createListener(context, { decode: readSlashCommand, run })({ ack, body });
    expect(handled).toEqual(['once']);
    expect(logMessages()).toEqual(['acknowledgement not sent']);
  });

  it('neither throws nor answers when it cannot decode the request', async () => {
    const { context, logMessages } = createContext();
    const run = () => Promise.reject(new Error('not reached'));
    await createListener(context, { decode: readSlashCommand, run })({ ack: async () => {}, body: null });
    expect(logMessages()).toEqual(['Slack request not decoded']);
  });

  it('binds the user and the channel to every log line of the request', async () => {
    const { context, logLines } = createContext();
    const run = async ({ log }: ListenerContext) => {
      log.info({ project: 'orders' }, 'operation requested');
      return notified();
    };
    const listener = createListener(context, { decode: readSlashCommand, run });
    for (const _delivery of [1, 2]) await listener({ ack: async () => {}, body });
    expect(logLines).toEqual([
      { level: 'info', fields: { user: 'U1', channel: 'C1', project: 'orders' }, message: 'operation requested' },
      { level: 'info', fields: { user: 'U1', channel: 'C1' }, message: 'second delivery dropped' },
    ]);
  });

  it('runs a second delivery of a confirmation, which the operation store recognizes', async () => {
    const { context } = createContext();
    let runs = 0;
    const run = () => {
      runs += 1;
      return notified();
    };
    const dropped = createListener(context, { decode: readSlashCommand, run });
    const repeated = createListener(context, { decode: readSlashCommand, run, deduplicate: 'before_refusal' });
    for (const listener of [dropped, dropped, repeated]) await listener({ ack: async () => {}, body });
    expect(runs).toBe(2);
  });

  it('drops a repeated refusal of a confirmation', async () => {
    const { context, answers } = createContext();
    const run = async (): Promise<ListenerResult> => ({ kind: 'refusal', refusal: notOperator, command: null });
    const listener = createListener(context, { decode: readSlashCommand, run, deduplicate: 'before_refusal' });
    for (const _delivery of [1, 2]) await listener({ ack, body });
    expect(answers).toHaveLength(1);
  });

  it('runs every delivery without a trigger id', async () => {
    const { context, answers } = createContext();
    const listener = createListener(context, { decode: readSlashCommand, run: async () => answerWith('done') });
    for (const _delivery of [1, 2]) await listener({ ack, body: { ...body, trigger_id: null } });
    expect(answers).toHaveLength(2);
  });

  it('remembers a delivery for eleven minutes', async () => {
    const claims: unknown[] = [];
    const claimOnce = async (...claim: unknown[]) => claims.push(claim) > 0;
    const { context } = createContext({ stores: { deduplication: { claimOnce } } });
    await createListener(context, { decode: readSlashCommand, run: notified })({ ack, body });
    expect(claims).toEqual([['trigger:1.2.abc', 660_000]]);
  });

  it('refuses a person of another workspace without running', async () => {
    const { context, answers, logLines } = createContext();
    const [rejections, refusals]: [string[], string[]] = [[], []];
    const refusal: Refusal = { code: 'other_team', user: 'U1' };
    const ownContext: ListenerContext = {
      ...context,
      authorizer: { ...context.authorizer, checkTeam: () => refusal },
      onRequestRejected: (reason) => rejections.push(reason),
      onRefusal: (code) => refusals.push(code),
    };
    const run = () => Promise.reject(new Error('not reached'));
    await createListener(ownContext, { decode: readSlashCommand, run })({ ack, body });
    expect(answers).toMatchObject([{ text: expect.stringMatching(/^Only members of the workspace/) }]);
    expect([rejections, refusals]).toEqual([['other_team'], ['other_team']]);
    expect(logLines).toMatchObject([{ fields: { user: 'U1', code: 'other_team' }, message: 'refused in Slack' }]);
  });
});

describe('the answer to a request', () => {
  const listen = async (context: ListenerContext, run: () => Promise<ListenerResult>) =>
    createListener(context, { decode: readSlashCommand, run })({ ack, body });

  it('is followed by a second one', async () => {
    const { context, answers } = createContext();
    await listen(context, async () => ({
      kind: 'message',
      message: textMessage('one moment'),
      mode: 'replace',
      followUp: async () => answerWith('done'),
    }));
    expect(answers).toMatchObject([
      { text: 'one moment', replace_original: true },
      { text: 'done', replace_original: false },
    ]);
  });

  it('of a refusal is sent before the refusal is recorded', async () => {
    const { context, answers } = createContext();
    const recordedAfter: number[] = [];
    const record = async () => void recordedAfter.push(answers.length);
    await listen(context, async () => ({
      kind: 'refusal',
      refusal: notOperator,
      command: null,
      mode: 'replace',
      record,
    }));
    expect(recordedAfter).toEqual([1]);
    expect(answers).toMatchObject([
      { text: expect.stringMatching(/^You are not an operator/), replace_original: true },
    ]);
  });

  it('of a refusal needs no clock, which Redis may not answer', async () => {
    const refusal: Refusal = {
      ...{ code: 'not_allowed', action: 'pause', project: 'orders', state: 'paused', since: exampleNow, by: 'U1' },
    };
    const now = () => Promise.reject(new Error('no clock'));
    const { context, answers } = createContext({ stores: { serverClock: { now } } });
    await listen(context, async () => ({ kind: 'refusal', refusal, command: null }));
    expect(answers).toMatchObject([{ text: expect.stringMatching(/^orders is Paused already/) }]);
  });

  it('is sent by the notifier, and what follows runs', async () => {
    const { context, answers } = createContext();
    let hasRun = false;
    const followUp = async () => {
      hasRun = true;
    };
    await listen(context, async () => ({ kind: 'notified', followUp }));
    expect([hasRun, answers]).toEqual([true, []]);
  });

  it('is "Not done" while Redis does not answer, also if only the reply about the delivery was lost', async () => {
    const lostReply = new StoreUnavailableError('unknown', { cause: new Error('timeout') });
    const whileRunning = createContext();
    await listen(whileRunning.context, () => Promise.reject(lostReply));
    const claimOnce = () => Promise.reject(lostReply);
    const atDelivery = createContext({ stores: { deduplication: { claimOnce } } });
    await listen(atDelivery.context, notified);
    for (const { answers, logLines } of [whileRunning, atDelivery]) {
      expect(answers).toMatchObject([{ text: expect.stringMatching(/^Not done: the bot's Redis did not answer/) }]);
      expect(logLines).toMatchObject([{ level: 'warn', message: 'not done: Redis did not answer' }]);
    }
  });

  it('to a request that failed has the id of its log line, and not the error', async () => {
    const run = () => Promise.reject(new Error('secret'));
    const claimOnce = () => Promise.reject(new Error('secret'));
    for (const { context, answers, logLines } of [
      createContext(),
      createContext({ stores: { deduplication: { claimOnce } } }),
    ]) {
      await listen(context, run);
      const logId = /under ([0-9a-f]{8})\.$/.exec(answers[0]?.text ?? '')?.[1];
      expect(logLines).toMatchObject([{ level: 'error', fields: { logId, error: { message: 'secret' } } }]);
      expect(answers[0]?.text).not.toContain('secret');
    }
  });

  it('is sent again after a transient error, at most five times', async () => {
    const { context, answers, logLines } = createContext({ statuses: Array(9).fill(429) });
    const delays: number[] = [];
    const sleep = async (ms: number) => void delays.push(ms);
    await listen({ ...context, clock: { ...context.clock, sleep } }, async () => answerWith('done'));
    expect(answers).toHaveLength(5);
    expect(delays).toEqual([30_000, 30_000, 30_000, 30_000]);
    expect(logLines).toMatchObject([{ level: 'warn', fields: { kind: 'retry' }, message: 'answer not sent' }]);
  });

  it.each([
    ['after a permanent error', 404, undefined],
    ['while the bot stops', 429, AbortSignal.abort()],
  ])('is not sent again %s', async (_name, status, stopSignal) => {
    const { context, answers, logMessages } = createContext({ statuses: [status] });
    await listen({ ...context, ...(stopSignal === undefined ? {} : { stopSignal }) }, async () => answerWith('done'));
    expect(answers).toHaveLength(1);
    expect(logMessages()).toEqual(['answer not sent']);
  });
});

it('The press of an outdated button is answered with how to ask again.', async () => {
  const result = await onOutdatedButton(createContext().context);
  expect(result).toMatchObject({ message: { text: expect.stringMatching(/^This button is from an older version/) } });
});

it('The log lines of a pressed button name its operation.', async () => {
  const { context, logLines } = createContext();
  const press = {
    user: { id: 'U1', team_id: 'T1' },
    channel: { id: 'C1' },
    response_url: body.response_url,
    trigger_id: '1',
    actions: [{ action_id: 'sync:v1:ok', value: 'orders/op1' }],
  };
  const run = async ({ log }: ListenerContext) => {
    log.info({}, 'pressed');
    return notified();
  };
  await createListener(context, { decode: readBlockAction, run })({ ack, body: press });
  expect(logLines[0]?.fields).toEqual({ user: 'U1', channel: 'C1', project: 'orders', operationId: 'op1' });
});
