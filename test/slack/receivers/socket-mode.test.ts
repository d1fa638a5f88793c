import { describe, expect, it, test } from 'vitest';
import { defaultSocketTiming } from '../../../src/slack/receivers/socket-mode-connection.ts';
import { RawSocket } from '../../fake-slack/raw-client.ts';
import {
  createSocketModeFixture,
  fastReconnectTiming,
  holdAcks,
  listCommand,
  neverMs,
  reconnect,
  startSocketModeFixture,
} from './socket-mode-fixture.ts';

describe('When Slack announces to close the socket, the receiver', () => {
  test.each(['warning', 'refresh_requested'] as const)(
    'opens a replacement before it closes the old socket (%s).',
    async (reason) => {
      await using fixture = await startSocketModeFixture();
      const { slack, receiver } = fixture;
      slack.sockets.helloMode = 'held';
      slack.announceDisconnect(reason);
      await slack.waitFor(() => slack.sockets.tcpConnectionCount === 2, { description: 'a replacement' });
      expect(receiver.isReady).toBe(true);
      slack.sockets.helloMode = 'at once';
      // After a warning Slack still delivers to the old socket, until Slack closes it.
      await slack.waitFor(() => slack.sockets.deliverableSocketCount === (reason === 'warning' ? 2 : 1));
      if (reason === 'warning') slack.sockets.closeSocketWhenAcked(0);
      await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
      expect(receiver.isReady).toBe(true);
      expect((await slack.command(listCommand).acked).kind).toBe('acked');
      expect(slack.sockets.unackedAtAppClose).toEqual([]);
      expect(slack.violations).toEqual([]);
    },
  );

  it('handles what Slack still delivers over the old socket after a warning.', async () => {
    await using fixture = await startSocketModeFixture();
    const { slack } = fixture;
    slack.sockets.helloMode = 'held';
    slack.announceDisconnect('warning');
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 2);
    const ackKinds: string[] = [];
    const send = async () => ackKinds.push((await slack.command(listCommand).acked).kind);
    await send();
    slack.sockets.helloMode = 'at once';
    await slack.waitFor(() => slack.sockets.deliverableSocketCount === 2);
    for (let count = 0; count < 10; count++) await send();
    slack.sockets.closeSocketWhenAcked(0);
    while (slack.sockets.tcpConnectionCount === 2) await send();
    await send();
    expect(new Set(ackKinds)).toEqual(new Set(['acked']));
    expect(fixture.receivedTriggerIds).toHaveLength(ackKinds.length);
    expect(slack.sockets.unackedAtAppClose).toEqual([]);
  });

  it('sends a pending ack over the old socket before it closes it.', async () => {
    await using fixture = await startSocketModeFixture();
    const { slack } = fixture;
    const release = holdAcks(fixture);
    const { acked } = slack.command(listCommand);
    await slack.waitFor(() => fixture.receivedTriggerIds.length === 1);
    slack.announceDisconnect('refresh_requested');
    await slack.waitFor(() => slack.sockets.deliverableSocketCount === 1);
    expect(slack.sockets.tcpConnectionCount).toBe(2);
    release();
    expect((await acked).kind).toBe('acked');
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
  });

  it('closes the old socket although a listener never acks.', async () => {
    await using fixture = await startSocketModeFixture({ slack: { ackLimitMs: 100 }, timing: { ackTimeoutMs: 100 } });
    const { slack } = fixture;
    fixture.beforeAck = () => new Promise(() => {});
    const { acked } = slack.command(listCommand);
    await slack.waitFor(() => fixture.receivedTriggerIds.length === 1);
    slack.announceDisconnect('refresh_requested');
    await slack.waitFor(() => slack.socketCount === 2);
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
    expect((await acked).kind).toBe('operation_timeout');
  });

  it('closes a socket that Slack does not close after a warning.', async () => {
    await using fixture = await startSocketModeFixture({ timing: { replacedCloseDelayMs: 50 } });
    const { slack } = fixture;
    slack.announceDisconnect('warning');
    await slack.waitFor(() => slack.socketCount === 2);
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
  });

  it('keeps the old socket while it cannot open a replacement.', async () => {
    await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack, receiver } = fixture;
    const unavailable = slack.injectFault({ method: 'apps.connections.open', status: 500, times: 100 });
    slack.announceDisconnect('warning');
    await slack.waitFor(() => unavailable.hits > 2);
    expect(receiver.isReady).toBe(true);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
    unavailable.cancel();
    await slack.waitFor(() => slack.socketCount === 2, { description: 'a replacement' });
  });

  it('is disconnected while Socket Mode is off, logs it, and reconnects when it is on again.', async () => {
    await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack, receiver } = fixture;
    const socketModeDisabled = slack.injectFault({
      method: 'apps.connections.open',
      error: 'internal_error',
      times: 1_000,
    });
    slack.announceDisconnect('link_disabled');
    await slack.waitFor(() => socketModeDisabled.hits > 2);
    expect(receiver.isReady).toBe(false);
    const message = 'Socket Mode is off in the settings of the Slack app';
    expect(fixture.logMessages().filter((logged) => logged === message)).toHaveLength(1);
    socketModeDisabled.cancel();
    await slack.waitFor(() => receiver.isReady && slack.sockets.tcpConnectionCount === 1);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
  });

  it('keeps the old socket while the app has too many sockets, logs it, and opens a replacement when it may.', async () => {
    await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack, receiver } = fixture;
    const otherSockets = await Promise.all(Array.from({ length: 9 }, () => RawSocket.open(slack)));
    slack.announceDisconnect('warning', 0);
    await slack.waitFor(() => fixture.logMessages().includes('the Slack app has as many sockets as Slack allows'));
    expect(receiver.isReady).toBe(true);
    await otherSockets.pop()?.[Symbol.asyncDispose]();
    await slack.waitFor(() => fixture.logMessages().includes('opened a new socket to Slack'));
    await Promise.all(otherSockets.map((other) => other[Symbol.asyncDispose]()));
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
  });
});

describe('The receiver replaces', () => {
  it('a socket without a hello.', async () => {
    await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack, receiver, timing } = fixture;
    timing.helloTimeoutMs = 100;
    slack.sockets.helloMode = 'held';
    slack.terminateSocket();
    await slack.waitFor(() => !receiver.isReady);
    const connectionStates = new Set<boolean>();
    await slack.waitFor(
      () => connectionStates.add(receiver.isReady) && slack.callsTo('apps.connections.open').length > 3,
    );
    expect(connectionStates).toEqual(new Set([false]));
    timing.helloTimeoutMs = defaultSocketTiming.helloTimeoutMs;
    slack.sockets.helloMode = 'at once';
    await slack.waitFor(() => receiver.isReady);
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
  });

  it('a socket that breaks, without waiting for a timer.', async () => {
    await using fixture = await startSocketModeFixture({ timing: { livenessCheckIntervalMs: neverMs } });
    const { slack, receiver } = fixture;
    slack.terminateSocket();
    await slack.waitFor(() => slack.sockets.deliverableSocketCount === 1 && receiver.isReady);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
    expect(fixture.logMessages()).toEqual(
      expect.arrayContaining(['Slack connection lost', 'opened a new socket to Slack']),
    );
  });

  it('a socket that Slack closes without an announcement, also when TCP stays open.', async () => {
    await using fixture = await startSocketModeFixture({
      slack: { keepTcpOpen: true },
      timing: { pongTimeoutMs: neverMs },
    });
    const { slack, receiver } = fixture;
    slack.sockets.closeSocket();
    await slack.waitFor(() => slack.sockets.deliverableSocketCount === 1 && receiver.isReady);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
  });

  it('a half-open connection, which it detects by a missing pong.', async () => {
    await using fixture = await startSocketModeFixture({ timing: { pongTimeoutMs: 300, closeTimeoutMs: 100 } });
    const { slack } = fixture;
    slack.sockets.freezeSocket();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length === 2);
    await slack.waitFor(() => slack.sockets.deliverableSocketCount === 2);
  });

  it('a socket that Slack no longer pings.', async () => {
    await using fixture = await startSocketModeFixture({ timing: { pingTimeoutMs: 200 } });
    const { slack, receiver } = fixture;
    slack.sockets.pingSocket();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length === 2);
    await slack.waitFor(() => receiver.isReady && slack.sockets.tcpConnectionCount === 1);
  });
});

describe('The receiver waits before it reconnects', () => {
  it('when Slack closes each socket right after its hello.', async () => {
    await using fixture = await createSocketModeFixture({
      timing: { initialBackoffMs: neverMs, maxBackoffMs: neverMs },
    });
    await using steady = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack, receiver } = fixture;
    slack.sockets.helloMode = 'then closed';
    await receiver.start();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length === 2);
    await reconnect(steady, 3);
    expect(slack.callsTo('apps.connections.open')).toHaveLength(2);
    expect(receiver.isReady).toBe(false);
  });

  it('when Slack responds 429 with a Retry-After.', async () => {
    await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
    await using steady = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack } = fixture;
    const rateLimited = slack.injectFault({ method: 'apps.connections.open', retryAfter: 3_600 });
    slack.terminateSocket();
    await rateLimited.firstHit;
    await reconnect(steady, 3);
    expect(slack.callsTo('apps.connections.open')).toHaveLength(2);
  });
});

it('A frame that it cannot read ends neither the process nor the socket.', async () => {
  await using fixture = await startSocketModeFixture();
  const { slack } = fixture;
  for (const frame of ['null', '{', '{"type":"events_api","payload":{}}']) slack.sockets.sendRawFrame(frame);
  expect((await slack.command(listCommand).acked).kind).toBe('acked');
  expect(fixture.logMessages().filter((message) => message === 'cannot read a frame from Slack')).toHaveLength(3);
});

it('Slack delivers to one bot while the other opens a replacement.', async () => {
  await using fixture = await startSocketModeFixture();
  const { slack } = fixture;
  await using other = await startSocketModeFixture({ sharedSlack: slack });
  slack.sockets.helloMode = 'held';
  slack.announceDisconnect('refresh_requested', 0);
  await slack.waitFor(() => slack.sockets.tcpConnectionCount === 3);
  for (let attempt = 1; attempt <= 5; attempt++) {
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
    expect(other.receivedTriggerIds).toHaveLength(attempt);
  }
  slack.sockets.helloMode = 'at once';
  await slack.waitFor(() => slack.sockets.deliverableSocketCount === 2);
  for (let attempt = 1; attempt <= 2; attempt++) expect((await slack.command(listCommand).acked).kind).toBe('acked');
  expect(fixture.receivedTriggerIds).toHaveLength(1);
});
