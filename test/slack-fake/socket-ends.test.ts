import { expect, test } from 'vitest';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { RawSocket } from './raw-client.ts';

const list = { user: 'U0ALICE', channel: 'C0SYNC', text: 'list' };

test('after a warning Slack delivers to the socket until it closes it', async () => {
  await using slack = await StrictSlack.start({ closeAfterMs: 100 });
  await using socket = await RawSocket.open(slack);
  slack.disconnect('warning');
  const delivery = slack.command(list);
  socket.ack(await socket.envelope());
  expect((await delivery.acked).kind).toBe('acked');
  await socket.closed();
  expect((await slack.command(list).acked).kind).toBe('dispatch_failed');
});

test('after refresh_requested Slack takes the ack of what it had delivered, then closes', async () => {
  await using slack = await StrictSlack.start({ closeAfterMs: 20 });
  await using first = await RawSocket.open(slack);
  const delivery = slack.command(list);
  const envelope = await first.envelope();
  slack.disconnect('refresh_requested');
  await using second = await RawSocket.open(slack);
  const other = slack.command(list);
  second.ack(await second.envelope());
  await other.acked;
  expect(first.isClosed).toBe(false);
  first.ack(envelope);
  expect((await delivery.acked).kind).toBe('acked');
  await first.closed();
  expect(slack.violations).toEqual([]);
});

test('an envelope whose socket is gone before the ack goes to another one, as soon as there is one', async () => {
  await using slack = await StrictSlack.start({ redelivers: true });
  const first = await RawSocket.open(slack);
  const delivery = slack.command(list);
  await first.envelope();
  await first[Symbol.asyncDispose]();
  await using second = await RawSocket.open(slack);
  const again = await second.envelope();
  expect(again).toMatchObject({ envelope_id: delivery.envelope.envelope_id, payload: delivery.payload });
  second.ack(again);
  expect((await delivery.acked).kind).toBe('acked');
  expect(slack.sockets.redelivered).toEqual([delivery.envelope.envelope_id]);
  expect(slack.violations).toEqual([]);
});

test('Slack promises no second delivery: unless asked for there is none', async () => {
  await using slack = await StrictSlack.start({ ackLimitMs: 100 });
  await using first = await RawSocket.open(slack);
  await using second = await RawSocket.open(slack);
  const delivery = slack.command(list);
  await first.envelope();
  slack.cut(0);
  expect((await delivery.acked).kind).toBe('operation_timeout');
  expect(second.envelopes).toEqual([]);
});

test('an app that closes a socket before its ack has deserted the envelope; a cut socket deserts none', async () => {
  await using slack = await StrictSlack.start({ ackLimitMs: 100 });
  await using closing = await RawSocket.open(slack);
  const delivery = slack.command(list);
  await closing.envelope();
  closing.close();
  await delivery.acked;
  expect(slack.sockets.deserted).toEqual([delivery.envelope.envelope_id]);
  await using cut = await RawSocket.open(slack);
  const other = slack.command(list);
  await cut.envelope();
  slack.cut();
  await other.acked;
  expect(slack.sockets.deserted).toHaveLength(1);
});

test('a socket without its hello gets nothing', async () => {
  await using slack = await StrictSlack.start();
  await using first = await RawSocket.open(slack);
  slack.sockets.greeting = 'held';
  const opening = RawSocket.open(slack);
  await slack.waitFor(() => slack.sockets.tcpCount === 2);
  for (const n of [0, 1]) {
    const { acked } = slack.command(list);
    first.ack(await first.envelope(n));
    await acked;
  }
  expect(slack.socketCount).toBe(1);
  slack.sockets.greeting = 'at once';
  await using second = await opening;
  expect(second.frames).toMatchObject([{ type: 'hello', num_connections: 2 }]);
});
