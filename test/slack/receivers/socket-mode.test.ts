import { describe, expect, it, test } from 'vitest';
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

describe('when Slack says that it will close the socket', () => {
  test.each(['warning', 'refresh_requested'] as const)('another is opened first (%s)', async (reason) => {
    await using fixture = await startSocketModeFixture({ slack: { closeDelayMs: 300 } });
    const { slack, receiver } = fixture;
    slack.sockets.helloMode = 'held';
    slack.announceDisconnect(reason);
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 2, { description: 'another socket' });
    expect(receiver.isConnected).toBe(true);
    slack.sockets.helloMode = 'at once';
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1, { description: 'the first socket closed' });
    expect(receiver.isConnected).toBe(true);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
    expect(slack.sockets.unackedAtAppClose).toEqual([]);
    expect(slack.violations).toEqual([]);
  });

  it('after a warning everything that Slack delivers meanwhile is heard', async () => {
    await using fixture = await startSocketModeFixture({ slack: { closeDelayMs: 200 } });
    const { slack } = fixture;
    slack.sockets.helloMode = 'held';
    slack.announceDisconnect('warning');
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 2);
    const ackKinds: string[] = [];
    const send = async () => ackKinds.push((await slack.command(listCommand).acked).kind);
    await send();
    slack.sockets.helloMode = 'at once';
    while (slack.sockets.tcpConnectionCount === 2) await send();
    await send();
    expect(new Set(ackKinds)).toEqual(new Set(['acked']));
    expect(fixture.receivedTriggerIds).toHaveLength(ackKinds.length);
    expect(slack.sockets.unackedAtAppClose).toEqual([]);
  });

  it('an ack under way still goes over the old socket, which is closed then', async () => {
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

  it('an old socket whose ack never comes is closed all the same', async () => {
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

  it('a socket with a warning that Slack does not close is closed in the end', async () => {
    await using fixture = await startSocketModeFixture({ timing: { replacedCloseDelayMs: 50 } });
    const { slack } = fixture;
    slack.announceDisconnect('warning');
    await slack.waitFor(() => slack.socketCount === 2);
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
  });

  it('the old one stays while no other can be had', async () => {
    await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack, receiver } = fixture;
    const unavailable = slack.injectFault({ method: 'apps.connections.open', status: 500, times: 100 });
    slack.announceDisconnect('warning');
    await slack.waitFor(() => unavailable.hits > 2);
    expect(receiver.isConnected).toBe(true);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
    unavailable.cancel();
    await slack.waitFor(() => slack.socketCount === 2, { description: 'another socket' });
  });

  it('Socket Mode switched off: says so, is not open, and comes back when it is switched on', async () => {
    await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack, receiver } = fixture;
    const socketModeDisabled = slack.injectFault({
      method: 'apps.connections.open',
      error: 'internal_error',
      times: 1_000,
    });
    slack.announceDisconnect('link_disabled');
    await slack.waitFor(() => socketModeDisabled.hits > 2);
    expect(receiver.isConnected).toBe(false);
    const message = 'Socket Mode is switched off in the settings of the Slack app';
    expect(fixture.logMessages().filter((said) => said === message)).toHaveLength(1);
    socketModeDisabled.cancel();
    await slack.waitFor(() => receiver.isConnected && slack.sockets.tcpConnectionCount === 1);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
  });

  it('too many sockets: says so, keeps the one it has, and gets another when there is room', async () => {
    await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack, receiver } = fixture;
    const otherSockets = await Promise.all(Array.from({ length: 9 }, () => RawSocket.open(slack)));
    slack.announceDisconnect('warning', 0);
    await slack.waitFor(() => fixture.logMessages().includes('Slack has all the sockets that it allows the app'));
    expect(receiver.isConnected).toBe(true);
    await otherSockets.pop()?.[Symbol.asyncDispose]();
    await slack.waitFor(() => fixture.logMessages().includes('new socket to Slack'));
    await Promise.all(otherSockets.map((other) => other[Symbol.asyncDispose]()));
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
  });
});

describe('a socket that is no good', () => {
  it('without a hello is given up, and another is tried', async () => {
    await using fixture = await startSocketModeFixture({ timing: { ...fastReconnectTiming, helloTimeoutMs: 100 } });
    const { slack, receiver } = fixture;
    slack.sockets.helloMode = 'held';
    slack.terminateSocket();
    await slack.waitFor(() => !receiver.isConnected);
    const connectionStates = new Set<boolean>();
    await slack.waitFor(
      () => connectionStates.add(receiver.isConnected) && slack.callsTo('apps.connections.open').length > 3,
    );
    expect(connectionStates).toEqual(new Set([false]));
    slack.sockets.helloMode = 'at once';
    await slack.waitFor(() => receiver.isConnected);
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
  });

  it('that breaks is noticed at once', async () => {
    await using fixture = await startSocketModeFixture({ timing: { livenessCheckIntervalMs: neverMs } });
    const { slack, receiver } = fixture;
    slack.terminateSocket();
    await slack.waitFor(() => slack.sockets.deliverableSocketCount === 1 && receiver.isConnected);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
    expect(fixture.logMessages()).toEqual(expect.arrayContaining(['Slack connection lost', 'new socket to Slack']));
  });

  it('that Slack closes without an announcement is replaced, also when TCP stays open', async () => {
    await using fixture = await startSocketModeFixture({
      slack: { keepTcpOpen: true },
      timing: { pongTimeoutMs: neverMs },
    });
    const { slack, receiver } = fixture;
    slack.sockets.closeSocket();
    await slack.waitFor(() => slack.sockets.deliverableSocketCount === 1 && receiver.isConnected);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
  });

  it('that is half open is found by its pongs', async () => {
    await using fixture = await startSocketModeFixture({ timing: { pongTimeoutMs: 300, closeTimeoutMs: 100 } });
    const { slack } = fixture;
    slack.sockets.freezeSocket();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length === 2);
    await slack.waitFor(() => slack.sockets.deliverableSocketCount === 2);
  });

  it('that Slack no longer pings is replaced', async () => {
    await using fixture = await startSocketModeFixture({ timing: { pingTimeoutMs: 200 } });
    const { slack, receiver } = fixture;
    slack.sockets.pingSocket();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length === 2);
    await slack.waitFor(() => receiver.isConnected && slack.sockets.tcpConnectionCount === 1);
  });

  it('that closes right after its hello is not asked for again and again', async () => {
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
    expect(receiver.isConnected).toBe(false);
  });

  it('is not asked for before Slack wants to be asked (429)', async () => {
    await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
    await using steady = await startSocketModeFixture({ timing: fastReconnectTiming });
    const { slack } = fixture;
    const rateLimited = slack.injectFault({ method: 'apps.connections.open', retryAfter: 3_600 });
    slack.terminateSocket();
    await rateLimited.firstHit;
    await reconnect(steady, 3);
    expect(slack.callsTo('apps.connections.open')).toHaveLength(2);
  });

  it('a frame that cannot be read neither ends the process nor the socket', async () => {
    await using fixture = await startSocketModeFixture();
    const { slack } = fixture;
    for (const frame of ['null', '{', '{"type":"events_api","payload":{}}']) slack.sockets.sendRawFrame(frame);
    expect((await slack.command(listCommand).acked).kind).toBe('acked');
    expect(fixture.logMessages().filter((said) => said === 'frame of Slack not understood')).toHaveLength(3);
  });
});

it('of two bots one hears while the other gets a new socket', async () => {
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
