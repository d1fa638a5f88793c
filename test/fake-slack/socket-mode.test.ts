import { expect, test } from 'vitest';
import { startBolt } from './bolt-app.ts';
import { FakeSlack } from './fake-slack.ts';
import { callApi, RawSocket } from './raw-client.ts';

const listCommand = { user: 'U0ALICE', channel: 'C0SYNC', text: 'list' };

test('A socket gets a hello, and its ticket works once.', async () => {
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

test('Each envelope is sent to exactly one socket, in turn.', async () => {
  await using slack = await FakeSlack.start();
  await using first = await RawSocket.open(slack);
  await using second = await RawSocket.open(slack);
  const deliveries = [1, 2, 3, 4].map((n) => slack.command({ ...listCommand, text: String(n) }));
  for (const socket of [first, second]) for (const n of [0, 1]) socket.ack(await socket.waitForEnvelope(n));
  const outcomes = await Promise.all(deliveries.map(({ acked }) => acked));
  expect(outcomes.map(({ kind }) => kind)).toEqual(Array(4).fill('acked'));
  const texts = [first, second].map(({ envelopes }) => envelopes.map(({ payload }) => payload));
  expect(texts[0]).toMatchObject([{ text: '1' }, { text: '3' }]);
  expect(texts[1]).toMatchObject([{ text: '2' }, { text: '4' }]);
});

test('Slack closes the eleventh socket.', async () => {
  await using slack = await FakeSlack.start();
  const sockets = await Promise.all(Array.from({ length: 10 }, () => RawSocket.open(slack)));
  await using eleventhSocket = await RawSocket.open(slack);
  expect(eleventhSocket.frames).toMatchObject([{ type: 'disconnect', reason: 'too_many_websockets' }]);
  await eleventhSocket.waitForClose();
  expect(slack.socketCount).toBe(10);
  await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()));
});

test('Without a socket the user sees dispatch_failed.', async () => {
  await using slack = await FakeSlack.start();
  expect(await slack.command(listCommand).acked).toEqual({ kind: 'dispatch_failed' });
  expect(slack.clientErrorsOf('U0ALICE')).toMatchObject([{ channel: 'C0SYNC', error: 'dispatch_failed' }]);
});

test('Without an ack in time the user sees operation_timeout, and a late ack has no effect.', async () => {
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
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['ack_too_late', 'unexpected_ack']);
});

test('The result of an ack contains its duration.', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  socket.ack(await socket.waitForEnvelope());
  expect(await delivery.acked).toMatchObject({ kind: 'acked', afterMs: expect.any(Number), body: {} });
  expect(slack.violations).toEqual([]);
});

test('A second ack, an ack of an unknown envelope and any other frame are violations.', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  const envelope = await socket.waitForEnvelope();
  socket.ack(envelope);
  socket.ack(envelope);
  socket.ack({ envelope_id: 'unknown' });
  socket.send({ hello: 'Slack' });
  await delivery.acked;
  await slack.waitFor(() => slack.violations.length === 3);
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['double_ack', 'unexpected_ack', 'unexpected_ack']);
});

test('A redelivered envelope is identical and needs its own ack.', async () => {
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

test('The ack of a command may contain a message, which is ephemeral unless its response_type is in_channel.', async () => {
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
  expect(slack.messagesVisibleTo('U0BOB', 'C0SYNC').map(({ text }) => text)).toEqual([
    '/sync list',
    'for all',
    '/sync list',
  ]);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')[0]).toMatchObject({ text: 'for you', ephemeralFor: 'U0ALICE' });
  const bad = slack.command(listCommand);
  socket.ack(await socket.waitForEnvelope(3), { blocks: [{ type: 'section' }] });
  await bad.acked;
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['invalid_message']);
});

test('The ack of a press may not contain a message.', async () => {
  await using slack = await FakeSlack.start();
  await using socket = await RawSocket.open(slack);
  const pressed = slack.pressForged({ user: 'U0ALICE', channel: 'C0SYNC', actionId: 'ok' });
  socket.ack(await socket.waitForEnvelope(), { text: 'not shown' });
  await pressed.acked;
  expect(slack.violations.map(({ rule }) => rule)).toEqual(['unexpected_ack']);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toEqual([]);
});

test('After refresh_requested a socket gets no more envelopes; after a warning it does.', async () => {
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

test('A missing ack is no violation when the socket broke.', async () => {
  await using slack = await FakeSlack.start({ ackLimitMs: 500 });
  await using socket = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  await socket.waitForEnvelope();
  slack.terminateSocket();
  expect(await delivery.acked).toEqual({ kind: 'operation_timeout' });
  expect(slack.socketCount).toBe(0);
  expect(slack.violations).toEqual([]);
});

test('An ack on another socket is ignored.', async () => {
  await using slack = await FakeSlack.start({ ackLimitMs: 200 });
  await using first = await RawSocket.open(slack);
  await using second = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  second.ack(await first.waitForEnvelope());
  expect(await delivery.acked).toEqual({ kind: 'operation_timeout' });
});

test('Bolt reconnects after a refresh and after a broken socket.', async () => {
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

test('Bolt does not send a second ack.', async () => {
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
