import { createServer, type RequestListener } from 'node:http';
import { verifySlackRequest } from '@slack/bolt';
import { expect, it } from 'vitest';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { FakeSlack } from './fake-slack.ts';

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };

/** Starts a fake in HTTP mode, and an app with this request handler. */
async function startSlackWithApp(respond: RequestListener) {
  const slack = await FakeSlack.start({ ackLimitMs: 200 });
  const app = createServer(respond);
  slack.requestUrl.url = `http://127.0.0.1:${await listenOnFreePort(app)}/slack/events`;
  return {
    slack,
    async [Symbol.asyncDispose]() {
      await slack[Symbol.asyncDispose]();
      app.close();
      app.closeAllConnections();
    },
  };
}

it('Slack sends commands and presses as signed forms, as Bolt reads and verifies them.', async () => {
  await using fixture = await startSlackWithApp((_request, response) => response.end());
  const { slack } = fixture;
  const text = 'pause orders because a+b & “ключ” / 空';
  const { payload } = slack.command({ ...alice, text });
  await slack.pressForged({ ...alice, actionId: 'sync:v1:ok', value: 'orders/1' }).acked;
  const [command, press] = slack.requestUrl.sentRequests;
  if (command === undefined || press === undefined) throw new Error('no request');
  expect(Object.fromEntries(new URLSearchParams(command.body))).toEqual(payload);
  expect(JSON.parse(new URLSearchParams(press.body).get('payload') ?? '')).toMatchObject({ type: 'block_actions' });
  for (const { headers, body } of [command, press]) {
    const timestamp = Number(headers['x-slack-request-timestamp']);
    const signature = String(headers['x-slack-signature']);
    const signatureHeaders = { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp };
    verifySlackRequest({ signingSecret: slack.signingSecret, body, headers: signatureHeaders });
  }
});

it.each([
  ['an empty response 200', 200, '', 'acked', 0],
  ['a response 200 with a message', 200, '{"text":"hello"}', 'acked', 1],
  ['a response 404', 404, '', 'dispatch_failed', 0],
  ['a response 500', 500, 'Error: at x', 'dispatch_failed', 0],
  ['a response 204', 204, '', 'dispatch_failed', 0],
])('After %s (%i %s) the result is %s.', async (_what, status, body, kind, messageCount) => {
  await using fixture = await startSlackWithApp((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  const { slack } = fixture;
  expect(await slack.command({ ...alice, text: 'list' }).acked).toMatchObject({ kind });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toHaveLength(messageCount);
  expect(slack.clientErrorsOf('U0ALICE').map(({ error }) => error)).toEqual(kind === 'acked' ? [] : [kind]);
  expect(slack.violations).toEqual([]);
});

it('Without a response in time the result is operation_timeout and a violation.', async () => {
  await using fixture = await startSlackWithApp(() => {});
  const { slack } = fixture;
  expect((await slack.command({ ...alice, text: 'list' }).acked).kind).toBe('operation_timeout');
  expect(slack.violations).toMatchObject([{ rule: 'ack_too_late' }]);
});

it('Without a connection the result is dispatch_failed, and Slack does not retry.', async () => {
  await using slack = await FakeSlack.start();
  slack.requestUrl.url = 'http://127.0.0.1:1/slack/events';
  const command = slack.command({ ...alice, text: 'list' });
  expect((await command.acked).kind).toBe('dispatch_failed');
  expect(() => slack.redeliver(command)).toThrow('does not redeliver over HTTP');
  expect(slack.requestUrl.sentRequests).toHaveLength(1);
});

it('A message in the ack of a press is a violation.', async () => {
  await using fixture = await startSlackWithApp((_request, response) => response.end('hello'));
  await fixture.slack.pressForged({ ...alice, actionId: 'x' }).acked;
  expect(fixture.slack.violations).toMatchObject([{ rule: 'unexpected_ack' }]);
});
