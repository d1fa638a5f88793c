import { describe, expect, it } from 'vitest';
import { readCommand } from '../../src/slack/contract.ts';
import type { Desk } from '../../src/slack/handlers/desk.ts';
import { listen } from '../../src/slack/handlers/listen.ts';
import { slackVoice } from '../../src/slack/mrkdwn.ts';
import { fakeDeps } from './fake-deps.ts';

const body = {
  user_id: 'U1',
  team_id: 'T1',
  channel_id: 'C1',
  text: 'list',
  trigger_id: '1.2.abc',
  response_url: 'http://127.0.0.1:1/commands/1',
};

function deskOf(): { desk: Desk; log: { readonly sentence: string }[] } {
  const { deps, log } = fakeDeps([]);
  const directory = { authorizeSlack: async () => null, isOperator: async () => true, refuseStranger: () => null };
  const common = { voice: slackVoice('/sync'), showErrors: false, onRejected: () => {}, stopping: deps.stopping };
  return { log, desk: { deps, directory, ...common } };
}

describe('a listener', () => {
  it('acks before anything else', async () => {
    const order: string[] = [];
    const { desk } = deskOf();
    const work = async () => void order.push('work');
    const ack = async () => void order.push('ack');
    const decode = (given: unknown) => {
      order.push('decode');
      return readCommand(given);
    };
    await listen(desk, decode, work)({ ack, body });
    expect(order).toEqual(['ack', 'decode', 'work']);
  });

  it('works all the same, once, when the ack does not reach Slack', async () => {
    const { desk, log } = deskOf();
    const worked: string[] = [];
    const ack = () => Promise.reject(new Error('client is not ready'));
    await listen(desk, readCommand, async () => void worked.push('once'))({ ack, body });
    expect(worked).toEqual(['once']);
    expect(log.map(({ sentence }) => sentence)).toEqual(['ack did not reach Slack']);
  });

  it('neither throws nor answers when it cannot read the request', async () => {
    const { desk, log } = deskOf();
    await listen(desk, readCommand, () => Promise.reject(new Error('not reached')))({
      ack: async () => {},
      body: null,
    });
    expect(log.map(({ sentence }) => sentence)).toEqual(['request of Slack not understood']);
  });
});
