import type { App } from '@slack/bolt';
import { expect, test } from 'vitest';
import { startBolt } from './bolt-app.ts';
import { FakeSlack } from './fake-slack.ts';
import { callApi, postJson } from './raw-client.ts';

const helloMessage = { channel: 'C0SYNC', text: 'hello' };
const visibleTexts = (slack: FakeSlack) => slack.messagesVisibleTo('U0BOB', 'C0SYNC').map(({ text }) => text);
const post = (app: App) => app.client.chat.postMessage(helloMessage);

test('Bolt throws the Retry-After of a 429.', async () => {
  await using slack = await FakeSlack.start();
  await using bolt = await startBolt(slack, () => {});
  slack.injectFault({ method: 'chat.postMessage', retryAfter: 7 });
  await expect(post(bolt.app)).rejects.toMatchObject({ retryAfter: 7 });
  expect(visibleTexts(slack)).toEqual([]);
  await post(bolt.app);
  expect(slack.callsTo('chat.postMessage').map(({ result }) => result)).toEqual(['ratelimited', 'ok']);
});

test('A fault applies to its method only, as often as specified.', async () => {
  await using slack = await FakeSlack.start();
  await using bolt = await startBolt(slack, () => {});
  const fault = slack.injectFault({ method: 'chat.postMessage', status: 503, times: 2 });
  slack.injectFault({ method: 'chat.postMessage', error: 'fatal_error' });
  await bolt.app.client.auth.test();
  await expect(post(bolt.app)).rejects.toMatchObject({ statusCode: 503 });
  await expect(post(bolt.app)).rejects.toMatchObject({ statusCode: 503 });
  await expect(post(bolt.app)).rejects.toMatchObject({ data: { error: 'fatal_error' } });
  await post(bolt.app);
  expect(fault.hits).toBe(2);
  expect(visibleTexts(slack)).toEqual(['hello']);
});

test('A fault can be restricted by arguments, and be cancelled.', async () => {
  await using slack = await FakeSlack.start();
  const fault = slack.injectFault({
    method: '*',
    error: 'fatal_error',
    matchesArgs: (args) => args['text'] === 'hello',
    times: 9,
  });
  expect(await callApi(slack, 'chat.postMessage', { ...helloMessage, text: 'other' })).toMatchObject({ ok: true });
  expect(await callApi(slack, 'chat.postMessage', helloMessage)).toMatchObject({ error: 'fatal_error' });
  fault.cancel();
  expect(await callApi(slack, 'chat.postMessage', helloMessage)).toMatchObject({ ok: true });
});

test('A call that hangs times out, and takes effect when it is released.', async () => {
  await using slack = await FakeSlack.start();
  await using bolt = await startBolt(slack, () => {}, { timeout: 500 });
  const fault = slack.injectFault({ method: 'chat.postMessage', hang: true });
  await expect(post(bolt.app)).rejects.toThrow();
  expect(fault.hits).toBe(1);
  expect(visibleTexts(slack)).toEqual([]);
  fault.release();
  await slack.waitFor(() => visibleTexts(slack).length === 1);
});

test('A test can wait for a call that hangs and release it.', async () => {
  await using slack = await FakeSlack.start();
  await using bolt = await startBolt(slack, () => {});
  const fault = slack.injectFault({ method: 'chat.postMessage', hang: true });
  const posting = post(bolt.app);
  await fault.firstHit;
  fault.release();
  expect(await posting).toMatchObject({ ok: true });
});

test('A call whose reply is dropped takes effect, so a client that retries posts twice.', async () => {
  await using slack = await FakeSlack.start();
  await using bolt = await startBolt(slack, () => {}, { retries: 1 });
  slack.injectFault({ method: 'chat.postMessage', dropReply: true });
  expect(await post(bolt.app)).toMatchObject({ ok: true });
  expect(visibleTexts(slack)).toEqual(['hello', 'hello']);
  expect(slack.callsTo('chat.postMessage').map(({ result }) => result)).toEqual(['dropped', 'ok']);
});

test('A fault of a response_url counts as a use only if the post takes effect.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = slack.command({ user: 'U0BOB', channel: 'C0SYNC', text: '' });
  slack.injectFault({ method: 'response_url', status: 500, times: 3 });
  slack.injectFault({ method: 'response_url', retryAfter: 1 });
  slack.injectFault({ method: 'response_url', error: 'invalid_blocks' });
  slack.injectFault({ method: 'response_url', dropReply: true });
  for (let i = 0; i < 3; i += 1) expect((await postJson(responseUrl, { text: 'x' })).status).toBe(500);
  expect((await postJson(responseUrl, { text: 'x' })).status).toBe(429);
  expect(await postJson(responseUrl, { text: 'x' })).toMatchObject({
    status: 200,
    body: expect.stringContaining('false'),
  });
  await expect(postJson(responseUrl, { text: 'dropped' })).rejects.toThrow();
  for (let use = 2; use <= 5; use += 1) expect((await postJson(responseUrl, { text: 'x' })).status).toBe(200);
  expect((await postJson(responseUrl, { text: 'x' })).status).toBe(404);
  expect(visibleTexts(slack)).toEqual(['dropped', 'x', 'x', 'x', 'x']);
});

test('Bolt’s respond() rejects when the response_url is used up.', async () => {
  await using slack = await FakeSlack.start();
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

test('A call whose request is dropped has no effect.', async () => {
  await using slack = await FakeSlack.start();
  await using bolt = await startBolt(slack, () => {}, { retries: 1 });
  slack.injectFault({ method: 'chat.postMessage', dropRequest: true });
  expect(await post(bolt.app)).toMatchObject({ ok: true });
  expect(visibleTexts(slack)).toEqual(['hello']);
});

test('goDown refuses connections and breaks sockets, and recover listens at the same address.', async () => {
  await using slack = await FakeSlack.start();
  await using bolt = await startBolt(slack, () => {});
  await slack.waitForSockets();
  await slack.goDown();
  await expect(post(bolt.app)).rejects.toThrow();
  await slack.waitFor(() => slack.socketCount === 0);
  await slack.recover();
  expect(await post(bolt.app)).toMatchObject({ ok: true });
});

test('An update of a message that a user deleted fails and is no violation.', async () => {
  await using slack = await FakeSlack.start();
  const { ts } = await callApi(slack, 'chat.postMessage', helloMessage);
  slack.deleteMessage(String(ts));
  expect(visibleTexts(slack)).toEqual([]);
  expect(await callApi(slack, 'chat.update', { ...helloMessage, ts: String(ts) })).toMatchObject({
    error: 'message_not_found',
  });
  expect(slack.violations).toEqual([]);
});
