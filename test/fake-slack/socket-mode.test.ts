import { expect, test } from 'vitest';
import { startBolt } from './bolt-app.ts';
import { FakeSlack } from './fake-slack.ts';
import { callApi, RawSocket } from './raw-client.ts';

const listCommand = { user: 'U0ALICE', channel: 'C0SYNC', text: 'list' };

test('a socket is greeted, and its ticket works once', async () => {
  await using slack = await FakeSlack.start();
  const { url } = await callApi(slack, 'apps.connections.open', {}, slack.appToken);
  await using socket = new RawSocket(String(url));
  expect(await socket.waitForFrame('hello')).toMatchObject({
    num_connections: 1,
    connection_info: { app_id: 'A0SYNC' },
  });
  await using again = new RawSocket(String(url));
  await again.waitForClose();
  expect(again.frames).toEqual([]);
  expect(slack.socketCount).toBe(1);
});

test('each envelope goes to exactly one socket, in turn', async () => {
  await using slack = await FakeSlack.start();
  await using first = await RawSocket.open(slack);
  await using second = await RawSocket.open(slack);
  const deliveries = [1, 2, 3, 4].map((n) => slack.command({ ...listCommand, text: String(n) }));
  for (const socket of [first, second]) for (const n of [0, 1]) socket.ack(await socket.waitForEnvelope(n));
  const outcomes = await Promise.all(deliveries.map((it) => it.acked));
  expect(outcomes.map((it) => it.kind)).toEqual(Array(4).fill('acked'));
  const texts = [first, second].map((it) => it.envelopes.map((envelope) => envelope['payload']));
  expect(texts[0]).toMatchObject([{ text: '1' }, { text: '3' }]);
  expect(texts[1]).toMatchObject([{ text: '2' }, { text: '4' }]);
});

test('ten sockets, not eleven', async () => {
  await using slack = await FakeSlack.start();
  const sockets = await Promise.all(Array.from({ length: 10 }, () => RawSocket.open(slack)));
  await using eleventhSocket = await RawSocket.open(slack);
  expect(eleventhSocket.frames).toMatchObject([{ type: 'disconnect', reason: 'too_many_websockets' }]);
  await eleventhSocket.waitForClose();
  expect(slack.socketCount).toBe(10);
  await Promise.all(sockets.map((it) => it[Symbol.asyncDispose]()));
});

test('without a socket the person sees dispatch_failed', async () => {
  await using slack = await FakeSlack.start();
  expect(await slack.command(listCommand).acked).toEqual({ kind: 'dispatch_failed' });
  expect(slack.clientErrorsOf('U0ALICE')).toMatchObject([{ channel: 'C0SYNC', error: 'dispatch_failed' }]);
});

test('without an ack in time the person sees operation_timeout, and a late ack changes nothing', async () => {
  await using slack = await FakeSlack.start({ ackLimitMs: 30 });
  await using socket = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  expect(await delivery.acked).toEqual({ kind: 'operation_timeout' });
  socket.ack(await socket.waitForEnvelope(), { text: 'too late' });
  socket.send({ what: 'comes after the late ack' });
  await slack.waitFor(() => slack.violations.length === 2);
  expect(slack.clientErrorsOf('U0ALICE')).toMatchObject([{ error: 'operation_timeout' }]);
  expect(slack.clientErrorsOf('U0BOB')).toEqual([]);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toEqual([]);
  expect(slack.violations.map((it) => it.rule)).toEqual(['ack_too_late', 'unexpected_ack']);
});

test('an ack in time says how long it took', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  socket.ack(await socket.waitForEnvelope());
  expect(await delivery.acked).toMatchObject({ kind: 'acked', afterMs: expect.any(Number), body: {} });
  expect(slack.violations).toEqual([]);
});

test('a second ack, an ack of nothing and a frame that is no ack are violations', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  const envelope = await socket.waitForEnvelope();
  socket.ack(envelope);
  socket.ack(envelope);
  socket.ack({ envelope_id: 'nobody-sent-this' });
  socket.send({ hello: 'Slack' });
  await delivery.acked;
  await slack.waitFor(() => slack.violations.length === 3);
  expect(slack.violations.map((it) => it.rule)).toEqual(['double_ack', 'unexpected_ack', 'unexpected_ack']);
});

test('a redelivered envelope is the same envelope and wants an ack of its own', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  socket.ack(await socket.waitForEnvelope());
  await delivery.acked;
  const again = slack.redeliver(delivery);
  const envelope = await socket.waitForEnvelope(1);
  expect(envelope).toMatchObject({ envelope_id: delivery.envelope.envelope_id, payload: delivery.payload });
  expect(again.triggerId).toBe(delivery.triggerId);
  socket.ack(envelope);
  expect(await again.acked).toMatchObject({ kind: 'acked' });
  expect(slack.violations).toEqual([]);
});

test('the ack of a command may carry a message, for one person unless it says in_channel', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const secret = slack.command(listCommand);
  socket.ack(await socket.waitForEnvelope(0), { text: 'for you' });
  await secret.acked;
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toEqual([]);
  const open = slack.command(listCommand);
  socket.ack(await socket.waitForEnvelope(1), { text: 'for all', response_type: 'in_channel' });
  await open.acked;
  const echo = slack.command(listCommand);
  socket.ack(await socket.waitForEnvelope(2), { response_type: 'in_channel' });
  await echo.acked;
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC').map((it) => it.text)).toEqual([
    '/sync list',
    'for all',
    '/sync list',
  ]);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')[0]).toMatchObject({ text: 'for you', ephemeralFor: 'U0ALICE' });
  const bad = slack.command(listCommand);
  socket.ack(await socket.waitForEnvelope(3), { blocks: [{ type: 'section' }] });
  await bad.acked;
  expect(slack.violations.map((it) => it.rule)).toEqual(['invalid_message']);
});

test('the ack of a button may not carry a message', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const pressed = slack.pressForged({ user: 'U0ALICE', channel: 'C0SYNC', actionId: 'ok' });
  socket.ack(await socket.waitForEnvelope(), { text: 'nobody sees this' });
  await pressed.acked;
  expect(slack.violations.map((it) => it.rule)).toEqual(['unexpected_ack']);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toEqual([]);
});

test('after refresh_requested a socket gets nothing more; after a warning it still does', async () => {
  await using slack = await FakeSlack.start();
  await using first = await RawSocket.open(slack);
  await using second = await RawSocket.open(slack);
  slack.announceDisconnect('warning', 1);
  slack.announceDisconnect('refresh_requested', 0);
  expect(await first.waitForFrame('disconnect')).toMatchObject({ reason: 'refresh_requested' });
  expect(await second.waitForFrame('disconnect')).toMatchObject({ reason: 'warning' });
  for (const n of [0, 1]) {
    const delivery = slack.command(listCommand);
    second.ack(await second.waitForEnvelope(n));
    await delivery.acked;
  }
  expect(first.envelopes).toEqual([]);
  slack.announceDisconnect('link_disabled');
  expect(await slack.command(listCommand).acked).toEqual({ kind: 'dispatch_failed' });
});

test('a cut socket is gone, and an ack it could not carry is not the app’s fault', async () => {
  await using slack = await FakeSlack.start({ ackLimitMs: 500 });
  await using socket = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  await socket.waitForEnvelope();
  slack.terminateSocket();
  expect(await delivery.acked).toEqual({ kind: 'operation_timeout' });
  expect(slack.socketCount).toBe(0);
  expect(slack.violations).toEqual([]);
});

test('an ack over another socket is not heard', async () => {
  await using slack = await FakeSlack.start({ ackLimitMs: 200 });
  await using first = await RawSocket.open(slack);
  await using second = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  second.ack(await first.waitForEnvelope());
  expect(await delivery.acked).toEqual({ kind: 'operation_timeout' });
});

test('Bolt comes back after a refresh and after a cut', async () => {
  await using slack = await FakeSlack.start();
  const onList = async ({ ack }: { ack: () => Promise<void> }) => ack();
  await using _app = await startBolt(slack, (app) => app.command('/sync', onList), { clientPingTimeout: 500 });
  expect(slack.callsTo('apps.connections.open')).toHaveLength(1);
  const recoverSlack = async (opened: number) => {
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length >= opened);
    await slack.waitForSockets();
  };
  slack.announceDisconnect('refresh_requested');
  await recoverSlack(2);
  expect(await slack.command(listCommand).acked).toMatchObject({ kind: 'acked' });
  slack.terminateSocket();
  await recoverSlack(3);
  expect(await slack.command(listCommand).acked).toMatchObject({ kind: 'acked' });
  expect(slack.violations).toEqual([]);
});

test('Bolt’s own second ack never reaches Slack', async () => {
  await using slack = await FakeSlack.start();
  await using _app = await startBolt(slack, (app) => {
    app.command('/sync', async ({ ack, respond }) => {
      await ack();
      await ack();
      await respond('done');
    });
  });
  await slack.command(listCommand).acked;
  await slack.waitFor(() => slack.messagesVisibleTo('U0ALICE', 'C0SYNC').length === 1);
  expect(slack.violations).toEqual([]);
});
