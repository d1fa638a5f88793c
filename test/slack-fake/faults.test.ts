import type { App } from '@slack/bolt';
import { expect, test } from 'vitest';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { startBolt } from './bolt-app.ts';
import { call, postTo } from './raw-client.ts';

const hello = { channel: 'C0SYNC', text: 'hello' };
const textsSeen = (slack: StrictSlack) => slack.messagesSeenBy('U0BOB', 'C0SYNC').map((it) => it.text);
const post = (app: App) => app.client.chat.postMessage(hello);

test('429 comes with Retry-After, and Bolt says so', async () => {
  await using slack = await StrictSlack.start();
  await using bolt = await startBolt(slack, () => {});
  slack.fail({ method: 'chat.postMessage', retryAfter: 7 });
  await expect(post(bolt.app)).rejects.toMatchObject({ retryAfter: 7 });
  expect(textsSeen(slack)).toEqual([]);
  await post(bolt.app);
  expect(slack.callsTo('chat.postMessage').map((it) => it.result)).toEqual(['ratelimited', 'ok']);
});

test('5xx and errors hit as often as told, and only the method told', async () => {
  await using slack = await StrictSlack.start();
  await using bolt = await startBolt(slack, () => {});
  const fault = slack.fail({ method: 'chat.postMessage', status: 503, times: 2 });
  slack.fail({ method: 'chat.postMessage', error: 'fatal_error' });
  await bolt.app.client.auth.test();
  await expect(post(bolt.app)).rejects.toMatchObject({ statusCode: 503 });
  await expect(post(bolt.app)).rejects.toMatchObject({ statusCode: 503 });
  await expect(post(bolt.app)).rejects.toMatchObject({ data: { error: 'fatal_error' } });
  await post(bolt.app);
  expect(fault.hits).toBe(2);
  expect(textsSeen(slack)).toEqual(['hello']);
});

test('a fault may look at the arguments, and may be called off', async () => {
  await using slack = await StrictSlack.start();
  const fault = slack.fail({ method: '*', error: 'fatal_error', when: (args) => args['text'] === 'hello', times: 9 });
  expect(await call(slack, 'chat.postMessage', { ...hello, text: 'other' })).toMatchObject({ ok: true });
  expect(await call(slack, 'chat.postMessage', hello)).toMatchObject({ error: 'fatal_error' });
  fault.cancel();
  expect(await call(slack, 'chat.postMessage', hello)).toMatchObject({ ok: true });
});

test('a call that hangs times out; once released it takes effect', async () => {
  await using slack = await StrictSlack.start();
  await using bolt = await startBolt(slack, () => {}, { timeout: 500 });
  const fault = slack.fail({ method: 'chat.postMessage', hang: true });
  await expect(post(bolt.app)).rejects.toThrow();
  expect(fault.hits).toBe(1);
  expect(textsSeen(slack)).toEqual([]);
  fault.release();
  await slack.waitFor(() => textsSeen(slack).length === 1);
});

test('a hanging call can be waited for and let go', async () => {
  await using slack = await StrictSlack.start();
  await using bolt = await startBolt(slack, () => {});
  const fault = slack.fail({ method: 'chat.postMessage', hang: true });
  const posting = post(bolt.app);
  await fault.firstHit;
  fault.release();
  expect(await posting).toMatchObject({ ok: true });
});

test('a dropped reply has taken effect, so a client that tries again posts twice', async () => {
  await using slack = await StrictSlack.start();
  await using bolt = await startBolt(slack, () => {}, { retries: 1 });
  slack.fail({ method: 'chat.postMessage', dropReply: true });
  expect(await post(bolt.app)).toMatchObject({ ok: true });
  expect(textsSeen(slack)).toEqual(['hello', 'hello']);
  expect(slack.callsTo('chat.postMessage').map((it) => it.result)).toEqual(['dropped', 'ok']);
});

test('a response_url fails too, without costing a use unless it took effect', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = slack.command({ user: 'U0BOB', channel: 'C0SYNC', text: '' });
  slack.fail({ method: 'response_url', status: 500, times: 3 });
  slack.fail({ method: 'response_url', retryAfter: 1 });
  slack.fail({ method: 'response_url', error: 'invalid_blocks' });
  slack.fail({ method: 'response_url', dropReply: true });
  for (let i = 0; i < 3; i += 1) expect((await postTo(responseUrl, { text: 'x' })).status).toBe(500);
  expect((await postTo(responseUrl, { text: 'x' })).status).toBe(429);
  expect(await postTo(responseUrl, { text: 'x' })).toMatchObject({
    status: 200,
    body: expect.stringContaining('false'),
  });
  await expect(postTo(responseUrl, { text: 'dropped' })).rejects.toThrow();
  for (let use = 2; use <= 5; use += 1) expect((await postTo(responseUrl, { text: 'x' })).status).toBe(200);
  expect((await postTo(responseUrl, { text: 'x' })).status).toBe(404);
  expect(textsSeen(slack)).toEqual(['dropped', 'x', 'x', 'x', 'x']);
});

test('Bolt’s respond() rejects when the response_url is used up', async () => {
  await using slack = await StrictSlack.start();
  const failures: unknown[] = [];
  await using _app = await startBolt(slack, (app) => {
    app.command('/sync', async ({ ack, respond }) => {
      await ack();
      for (let use = 1; use <= 5; use += 1) await respond(String(use));
      await respond('6').catch((error: unknown) => failures.push(error));
    });
  });
  slack.command({ user: 'U0BOB', channel: 'C0SYNC', text: '' });
  await slack.waitFor(() => failures.length === 1);
  expect(failures).toMatchObject([{ statusCode: 404 }]);
});

test('a request that breaks has had no effect', async () => {
  await using slack = await StrictSlack.start();
  await using bolt = await startBolt(slack, () => {}, { retries: 1 });
  slack.fail({ method: 'chat.postMessage', dropRequest: true });
  expect(await post(bolt.app)).toMatchObject({ ok: true });
  expect(textsSeen(slack)).toEqual(['hello']);
});

test('Slack away refuses connections and breaks sockets, and comes back at the same address', async () => {
  await using slack = await StrictSlack.start();
  await using bolt = await startBolt(slack, () => {});
  await slack.connected();
  await slack.goDown();
  await expect(post(bolt.app)).rejects.toThrow();
  await slack.waitFor(() => slack.socketCount === 0);
  await slack.comeBack();
  expect(await post(bolt.app)).toMatchObject({ ok: true });
});

test('a message that a person deleted is not found, which is no fault of the app', async () => {
  await using slack = await StrictSlack.start();
  const { ts } = await call(slack, 'chat.postMessage', hello);
  slack.deleteMessage(String(ts));
  expect(textsSeen(slack)).toEqual([]);
  expect(await call(slack, 'chat.update', { ...hello, ts: String(ts) })).toMatchObject({ error: 'message_not_found' });
  expect(slack.violations).toEqual([]);
});
