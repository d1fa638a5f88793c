import { describe, expect, it } from 'vitest';
import { readSlashCommand } from '../../../src/slack/contract.ts';
import { createListener, type ListenerContext, type ListenerResult } from '../../../src/slack/listeners/listener.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { createFakeContext } from '../fake-context.ts';

const body = {
  user_id: 'U1',
  team_id: 'T1',
  channel_id: 'C1',
  text: 'list',
  trigger_id: '1.2.abc',
  response_url: 'http://127.0.0.1:1/commands/1',
};

function createContext() {
  const { context: useCaseContext, logLines } = createFakeContext([]);
  const authorizer = { authorizeRequest: async () => null, isOperator: async () => true, checkTeam: () => null };
  const context: ListenerContext = {
    ...useCaseContext,
    authorizer,
    format: slackFormatter('/sync'),
    showErrors: false,
  };
  return { context, logLines, logMessages: () => logLines.map(({ message }) => message) };
}

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
});
