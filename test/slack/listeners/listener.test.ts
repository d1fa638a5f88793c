import { describe, expect, it } from 'vitest';
import { readSlashCommand } from '../../../src/slack/contract.ts';
import { createListener, type ListenerContext } from '../../../src/slack/listeners/listener.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { createFakeDeps } from '../fake-deps.ts';

const body = {
  user_id: 'U1',
  team_id: 'T1',
  channel_id: 'C1',
  text: 'list',
  trigger_id: '1.2.abc',
  response_url: 'http://127.0.0.1:1/commands/1',
};

function createContext(): { context: ListenerContext; logLines: { readonly message: string }[] } {
  const { deps, logLines: log } = createFakeDeps([]);
  const directory = { authorizeRequest: async () => null, isOperator: async () => true, checkTeam: () => null };
  const common = {
    format: slackFormatter('/sync'),
    showErrors: false,
    onRequestRejected: () => {},
    stopSignal: deps.stopSignal,
  };
  return { logLines: log, context: { deps, authorizer: directory, ...common } };
}

describe('a listener', () => {
  it('acks before anything else', async () => {
    const callOrder: string[] = [];
    const { context } = createContext();
    const work = async () => void callOrder.push('work');
    const ack = async () => void callOrder.push('ack');
    const decode = (received: unknown) => {
      callOrder.push('decode');
      return readSlashCommand(received);
    };
    await createListener(context, decode, work)({ ack, body });
    expect(callOrder).toEqual(['ack', 'decode', 'work']);
  });

  it('works all the same, once, when the ack does not reach Slack', async () => {
    const { context, logLines: log } = createContext();
    const handled: string[] = [];
    const ack = () => Promise.reject(new Error('client is not ready'));
    await createListener(context, readSlashCommand, async () => void handled.push('once'))({ ack, body });
    expect(handled).toEqual(['once']);
    expect(log.map(({ message: sentence }) => sentence)).toEqual(['ack did not reach Slack']);
  });

  it('neither throws nor answers when it cannot read the request', async () => {
    const { context, logLines: log } = createContext();
    await createListener(context, readSlashCommand, () => Promise.reject(new Error('not reached')))({
      ack: async () => {},
      body: null,
    });
    expect(log.map(({ message: sentence }) => sentence)).toEqual(['request of Slack not understood']);
  });
});
