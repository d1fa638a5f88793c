import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { verifySlackRequest } from '@slack/bolt';
import { expect, test } from 'vitest';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { startBolt } from './bolt-app.ts';
import type { EventDelivery } from './deliveries.ts';
import { FakeSlack } from './fake-slack.ts';
import { callApi, RawSocket } from './raw-client.ts';

const scopes = ['chat:write', 'app_mentions:read'];
const mention = { user: 'U0ALICE', channel: 'C0SYNC', text: 'restore orders' };

function requireDelivery(delivery: EventDelivery | null): EventDelivery {
  if (delivery === null) throw new Error('Slack sent no event');
  return delivery;
}

test('A mention reaches Bolt with all its fields.', async () => {
  await using slack = await FakeSlack.start({ scopes });
  const bodies: object[] = [];
  await using _app = await startBolt(slack, (app) => {
    app.event('app_mention', async ({ body }) => void bodies.push(body));
  });
  const parent = await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'orders failed' });
  const threadTs = String(parent['ts']);
  const { ts, delivery } = slack.mention({ ...mention, threadTs });
  const { acked, payload } = requireDelivery(delivery);
  expect(await acked).toMatchObject({ kind: 'acked' });
  await slack.waitFor(() => bodies.length === 1);
  expect(bodies).toEqual([payload]);
  expect(payload).toMatchObject({
    type: 'event_callback',
    team_id: 'T0001',
    context_team_id: 'T0001',
    context_enterprise_id: null,
    api_app_id: 'A0SYNC',
    event_id: expect.stringMatching(/^Ev[0-9A-F]{10}$/),
    event_time: expect.any(Number),
    authorizations: [{ team_id: 'T0001', user_id: slack.botUserId, is_bot: true, is_enterprise_install: false }],
    is_ext_shared_channel: false,
    event: {
      type: 'app_mention',
      user: 'U0ALICE',
      ts,
      client_msg_id: expect.any(String),
      text: '<@U0BOT> restore orders',
      team: 'T0001',
      thread_ts: threadTs,
      parent_user_id: 'U0BOT',
      channel: 'C0SYNC',
      event_ts: ts,
      blocks: [
        {
          type: 'rich_text',
          elements: [
            {
              type: 'rich_text_section',
              elements: [
                { type: 'user', user_id: 'U0BOT' },
                { type: 'text', text: ' restore orders' },
              ],
            },
          ],
        },
      ],
    },
  });
  expect(slack.threadVisibleTo('U0BOB', 'C0SYNC', threadTs)).toMatchObject([{}, { ts, user: 'U0ALICE', via: 'user' }]);
  expect(slack.violations).toEqual([]);
});

test('A mention of a user of another team in a shared channel names that team.', async () => {
  await using slack = await FakeSlack.start({ scopes });
  const { delivery } = slack.mention({ ...mention, user: 'U0EVE', channel: 'C0SHARED' });
  expect(requireDelivery(delivery).payload).toMatchObject({
    is_ext_shared_channel: true,
    event: { user: 'U0EVE', team: 'T0EXT', user_team: 'T0EXT', source_team: 'T0EXT' },
  });
});

test('Slack sends no mention without the scope, without the bot in the channel and in a direct message.', async () => {
  await using slack = await FakeSlack.start({ scopes });
  expect(slack.mention({ ...mention, channel: 'C0OTHER' }).delivery).toBeNull();
  expect(slack.mention({ ...mention, channel: slack.directMessage('U0ALICE').id }).delivery).toBeNull();
  slack.scopes.delete('app_mentions:read');
  expect(slack.mention(mention).delivery).toBeNull();
  expect(slack.messagesVisibleTo('U0ALICE', 'C0OTHER')).toMatchObject([{ text: '<@U0BOT> restore orders' }]);
});

test('A mention that invites the bot is sent.', async () => {
  await using slack = await FakeSlack.start({ scopes });
  const { delivery } = slack.mention({ ...mention, channel: 'C0OTHER', invitesBot: true });
  expect(requireDelivery(delivery).payload).toMatchObject({ event: { type: 'app_mention', channel: 'C0OTHER' } });
  expect(slack.channel('C0OTHER').members.has(slack.botUserId)).toBe(true);
});

test('A mention throws where a Slack client does not accept a message.', async () => {
  await using slack = await FakeSlack.start({ scopes });
  expect(() => slack.mention({ ...mention, user: 'U0EVE' })).toThrow('not in C0SYNC');
  slack.channel('C0SYNC').isArchived = true;
  expect(() => slack.mention(mention)).toThrow('archived');
  slack.user('U0ALICE').deleted = true;
  expect(() => slack.mention(mention)).toThrow('deactivated');
});

test('In Socket Mode a repeated event has the same event_id and the number of the retry.', async () => {
  await using slack = await FakeSlack.start({ scopes });
  await using socket = await RawSocket.open(slack);
  let delivery = requireDelivery(slack.mention(mention).delivery);
  const first = await socket.waitForEnvelope();
  expect(first).toMatchObject({ type: 'events_api', accepts_response_payload: false, retry_attempt: 0 });
  for (const attempt of [1, 2, 3]) {
    delivery = slack.retryEvent(delivery);
    const envelope = await socket.waitForEnvelope(attempt);
    expect(envelope).toMatchObject({ retry_attempt: attempt, retry_reason: 'timeout', payload: delivery.payload });
    socket.ack(envelope);
    expect(await delivery.acked).toMatchObject({ kind: 'acked' });
  }
  expect(delivery.payload).toEqual(first['payload']);
  expect(() => slack.retryEvent(delivery)).toThrow('3 times');
});

test('A user sees no error for an event without an ack.', async () => {
  await using slack = await FakeSlack.start({ scopes, ackLimitMs: 30 });
  expect(await requireDelivery(slack.mention(mention).delivery).acked).toEqual({ kind: 'dispatch_failed' });
  await using _socket = await RawSocket.open(slack);
  expect(await requireDelivery(slack.mention(mention).delivery).acked).toEqual({ kind: 'operation_timeout' });
  expect(slack.clientErrorsOf('U0ALICE')).toEqual([]);
  expect(slack.violations).toMatchObject([{ rule: 'ack_too_late' }]);
});

test('Slack does not retry a command.', async () => {
  await using slack = await FakeSlack.start();
  const command = slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'list' });
  expect(() => slack.retryEvent(command)).toThrow('does not retry slash_commands');
});

test('Over HTTP an event is signed JSON, and a repetition has its number and reason in headers.', async () => {
  await using slack = await FakeSlack.start({ scopes });
  const app = createServer((_request, response) => response.end());
  slack.requestUrl.url = `http://127.0.0.1:${await listenOnFreePort(app)}/slack/events`;
  const delivery = requireDelivery(slack.mention(mention).delivery);
  expect(await delivery.acked).toMatchObject({ kind: 'acked' });
  await slack.retryEvent(delivery).acked;
  app.close();
  const [first, second] = slack.requestUrl.sentRequests;
  expect(first?.headers).not.toHaveProperty('x-slack-retry-num');
  expect(second?.headers).toMatchObject({ 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' });
  for (const { headers, body } of [first, second].filter((request) => request !== undefined)) {
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual(delivery.payload);
    verifySlackRequest({
      signingSecret: slack.signingSecret,
      body,
      headers: {
        'x-slack-signature': String(headers['x-slack-signature']),
        'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
      },
    });
  }
});

test.each([
  ['the challenge as text', (challenge: string) => challenge, true],
  ['the challenge as JSON', (challenge: string) => JSON.stringify({ challenge }), true],
  ['an empty response', () => '', false],
  ['another text', () => 'hello', false],
])('A request URL is verified by the challenge only: %s.', async (_what, respond, expected) => {
  await using slack = await FakeSlack.start();
  const app = createServer(async (request, response) => {
    const body: unknown = await json(request);
    expect(body).toMatchObject({ type: 'url_verification', token: expect.any(String) });
    const { challenge } = body as { challenge: string };
    response.end(respond(challenge));
  });
  slack.requestUrl.url = `http://127.0.0.1:${await listenOnFreePort(app)}/slack/events`;
  expect(await slack.requestUrl.verify()).toBe(expected);
  app.close();
});

test('A request URL without a connection is not verified.', async () => {
  await using slack = await FakeSlack.start();
  slack.requestUrl.url = 'http://127.0.0.1:1/slack/events';
  expect(await slack.requestUrl.verify()).toBe(false);
});
