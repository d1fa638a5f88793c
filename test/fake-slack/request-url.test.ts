import { createServer, type RequestListener } from 'node:http';
import { verifySlackRequest } from '@slack/bolt';
import { expect, it } from 'vitest';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';
import { FakeSlack } from './fake-slack.ts';

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };

/** A Slack that delivers to an app which answers like this. */
async function startSlackWithApp(answer: RequestListener) {
  const slack = await FakeSlack.start({ ackLimitMs: 200 });
  const app = createServer(answer);
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

it('delivers commands and presses as forms, each freshly signed, as Bolt reads and verifies them', async () => {
  await using port = await startSlackWithApp((_request, response) => response.end());
  const { slack } = port;
  const text = 'pause orders because a+b & “ключ” / 空';
  const { payload } = slack.command({ ...alice, text });
  await slack.pressForged({ ...alice, actionId: 'sync:v1:ok', value: 'orders/1' }).acked;
  const [command, press] = slack.requestUrl.sentRequests;
  if (command === undefined || press === undefined) throw new Error('nothing was sent');
  expect(Object.fromEntries(new URLSearchParams(command.body))).toEqual(payload);
  expect(JSON.parse(new URLSearchParams(press.body).get('payload') ?? '')).toMatchObject({ type: 'block_actions' });
  for (const { headers, body } of [command, press]) {
    const timestamp = Number(headers['x-slack-request-timestamp']);
    const signature = String(headers['x-slack-signature']);
    const given = { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp };
    verifySlackRequest({ signingSecret: slack.signingSecret, body, headers: given });
  }
});

it.each([
  ['an empty 200', 200, '', 'acked', 0],
  ['a 200 with a message', 200, '{"text":"hello"}', 'acked', 1],
  ['a 404', 404, '', 'dispatch_failed', 0],
  ['a 500', 500, 'Error: at x', 'dispatch_failed', 0],
  ['a 204', 204, '', 'dispatch_failed', 0],
])('%s is what the person sees', async (_what, status, body, kind, messages) => {
  await using here = await startSlackWithApp((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  const { slack } = here;
  expect(await slack.command({ ...alice, text: 'list' }).acked).toMatchObject({ kind });
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toHaveLength(messages);
  expect(slack.clientErrorsOf('U0ALICE').map(({ error }) => error)).toEqual(kind === 'acked' ? [] : [kind]);
  expect(slack.violations).toEqual([]);
});

it('an answer that does not come in time is operation_timeout, and the fault of the app', async () => {
  await using here = await startSlackWithApp(() => {});
  const { slack } = here;
  expect((await slack.command({ ...alice, text: 'list' }).acked).kind).toBe('operation_timeout');
  expect(slack.violations).toMatchObject([{ rule: 'ack_too_late' }]);
});

it('nobody there is dispatch_failed; nothing is delivered a second time', async () => {
  await using slack = await FakeSlack.start();
  slack.requestUrl.url = 'http://127.0.0.1:1/slack/events';
  const command = slack.command({ ...alice, text: 'list' });
  expect((await command.acked).kind).toBe('dispatch_failed');
  expect(() => slack.redeliver(command)).toThrow('does not deliver it again');
  expect(slack.requestUrl.sentRequests).toHaveLength(1);
});

it('a press takes no message in its ack', async () => {
  await using here = await startSlackWithApp((_request, response) => response.end('hello'));
  await here.slack.pressForged({ ...alice, actionId: 'x' }).acked;
  expect(here.slack.violations).toMatchObject([{ rule: 'unexpected_ack' }]);
});
