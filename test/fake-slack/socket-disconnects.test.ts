import { expect, test } from 'vitest';
import { FakeSlack } from './fake-slack.ts';
import { RawSocket } from './raw-client.ts';

const listCommand = { user: 'U0ALICE', channel: 'C0SYNC', text: 'list' };

test('After a warning Slack delivers to the socket until Slack closes it.', async () => {
  await using slack = await FakeSlack.start({ closeDelayMs: 100 });
  await using socket = await RawSocket.open(slack);
  slack.announceDisconnect('warning');
  const delivery = slack.command(listCommand);
  socket.ack(await socket.waitForEnvelope());
  expect((await delivery.acked).kind).toBe('acked');
  await socket.waitForClose();
  expect((await slack.command(listCommand).acked).kind).toBe('dispatch_failed');
});

test('After refresh_requested Slack accepts pending acks, then closes the socket.', async () => {
  await using slack = await FakeSlack.start({ closeDelayMs: 20 });
  await using first = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  const envelope = await first.waitForEnvelope();
  slack.announceDisconnect('refresh_requested');
  await using second = await RawSocket.open(slack);
  const other = slack.command(listCommand);
  second.ack(await second.waitForEnvelope());
  await other.acked;
  expect(first.isClosed).toBe(false);
  first.ack(envelope);
  expect((await delivery.acked).kind).toBe('acked');
  await first.waitForClose();
  expect(slack.violations).toEqual([]);
});

test('With redeliverOnClose an envelope without an ack is sent to the next socket.', async () => {
  await using slack = await FakeSlack.start({ redeliverOnClose: true });
  const first = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  await first.waitForEnvelope();
  await first[Symbol.asyncDispose]();
  await using second = await RawSocket.open(slack);
  const again = await second.waitForEnvelope();
  expect(again).toMatchObject({ envelope_id: delivery.envelope.envelope_id, payload: delivery.payload });
  second.ack(again);
  expect((await delivery.acked).kind).toBe('acked');
  expect(slack.sockets.redelivered).toEqual([delivery.envelope.envelope_id]);
  expect(slack.violations).toEqual([]);
});

test('Without redeliverOnClose an envelope is not sent again.', async () => {
  await using slack = await FakeSlack.start({ ackLimitMs: 100 });
  await using first = await RawSocket.open(slack);
  await using second = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  await first.waitForEnvelope();
  slack.terminateSocket(0);
  expect((await delivery.acked).kind).toBe('operation_timeout');
  expect(second.envelopes).toEqual([]);
});

test('unackedAtAppClose lists envelopes whose socket the app closed, not those whose socket broke.', async () => {
  await using slack = await FakeSlack.start();
  const allClosed = () => slack.waitFor(() => slack.sockets.tcpConnectionCount === 0);
  await using closedSocket = await RawSocket.open(slack);
  const delivery = slack.command(listCommand);
  await closedSocket.waitForEnvelope();
  closedSocket.close();
  await allClosed();
  expect(slack.sockets.unackedAtAppClose).toEqual([delivery.envelope.envelope_id]);
  await using terminatedSocket = await RawSocket.open(slack);
  slack.command(listCommand);
  await terminatedSocket.waitForEnvelope();
  slack.terminateSocket();
  await allClosed();
  expect(slack.sockets.unackedAtAppClose).toHaveLength(1);
});

test('A socket without a hello gets no envelopes.', async () => {
  await using slack = await FakeSlack.start();
  await using first = await RawSocket.open(slack);
  slack.sockets.helloMode = 'held';
  const newSocket = RawSocket.open(slack);
  await slack.waitFor(() => slack.sockets.tcpConnectionCount === 2);
  for (const n of [0, 1]) {
    const { acked } = slack.command(listCommand);
    first.ack(await first.waitForEnvelope(n));
    await acked;
  }
  expect(slack.socketCount).toBe(1);
  slack.sockets.helloMode = 'at once';
  await using second = await newSocket;
  expect(second.frames).toMatchObject([{ type: 'hello', num_connections: 2 }]);
});
