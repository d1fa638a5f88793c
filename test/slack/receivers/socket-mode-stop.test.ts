import { channel } from 'node:diagnostics_channel';
import { describe, expect, it, test } from 'vitest';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { countOpenResources, recordProcessErrors } from '../process-leaks.ts';
import {
  createSocketModeFixture,
  fastReconnectTiming,
  holdAcks,
  listCommand,
  neverMs,
  reconnect,
  type SocketModeFixture,
  startSocketModeFixture,
} from './socket-mode-fixture.ts';

const openCallCount = (slack: FakeSlack) => slack.callsTo('apps.connections.open').length;

/** Each function brings the receiver to the state in which the test stops it, and returns the pending start if there is one. */
const stopMoments: Record<string, (fixture: SocketModeFixture) => Promise<[Promise<void>] | void>> = {
  'while its first call to Slack is pending': async ({ slack, receiver }) => {
    const hangingCall = slack.injectFault({ method: 'apps.connections.open', hang: true });
    const opening = receiver.start().catch(() => {});
    await hangingCall.firstHit;
    return [opening];
  },
  'before the first hello': async ({ slack, receiver }) => {
    slack.sockets.helloMode = 'held';
    const opening = receiver.start().catch(() => {});
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
    return [opening];
  },
  'before the first WebSocket handshake is answered': async ({ slack, receiver }) => {
    slack.sockets.helloMode = 'unanswered';
    const opening = receiver.start().catch(() => {});
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
    return [opening];
  },
  'while it is connected': ({ receiver }) => receiver.start(),
  'while its connection is half open': async ({ slack, receiver }) => {
    await receiver.start();
    slack.sockets.freezeSocket();
  },
  'while its call for a replacement is pending': async ({ slack, receiver }) => {
    await receiver.start();
    const hangingCall = slack.injectFault({ method: 'apps.connections.open', hang: true });
    slack.announceDisconnect('warning');
    await hangingCall.firstHit;
  },
  'before the hello of a replacement': async ({ slack, receiver }) => {
    await receiver.start();
    slack.sockets.helloMode = 'held';
    slack.announceDisconnect('refresh_requested');
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 2);
  },
  'while the replaced socket is still open': async ({ slack, receiver }) => {
    await receiver.start();
    slack.announceDisconnect('warning');
    await slack.waitFor(() => slack.socketCount === 2);
  },
  'before the WebSocket handshake of a reconnect is answered': async ({ slack, receiver }) => {
    await receiver.start();
    slack.sockets.helloMode = 'unanswered';
    slack.terminateSocket();
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1 && openCallCount(slack) === 2);
  },
  'between two attempts to reconnect': async ({ slack, receiver, logMessages }) => {
    await receiver.start();
    slack.injectFault({ method: 'apps.connections.open', status: 500, times: 99 });
    slack.terminateSocket();
    await slack.waitFor(() => logMessages().includes('Slack connection not back yet'));
  },
};

describe.each([true, false])(
  'A receiver leaves no socket and no timer (Slack leaves TCP open: %s) when it stops',
  (keepTcpOpen) => {
    test.each(Object.entries(stopMoments))('%s.', async (_what, reachMoment) => {
      const resourcesBefore = countOpenResources();
      using processErrors = recordProcessErrors();
      // Neither the next attempt nor the client's own pings can clean up.
      await using fixture = await createSocketModeFixture({
        slack: { keepTcpOpen },
        timing: { closeTimeoutMs: 100, pongTimeoutMs: neverMs, initialBackoffMs: neverMs, maxBackoffMs: neverMs },
      });
      const { slack, receiver } = fixture;
      const [opening] = (await reachMoment(fixture)) ?? [];
      await receiver.stop();
      await opening;
      expect(receiver.isReady).toBe(false);
      await slack.waitFor(() => slack.sockets.tcpConnectionCount === 0, { description: 'no socket left' });
      const openCallsBefore = openCallCount(slack);
      await slack[Symbol.asyncDispose]();
      expect(openCallCount(slack)).toBe(openCallsBefore);
      await waitFor(() => countOpenResources() <= resourcesBefore, { description: 'no timer and no connection left' });
      expect(channel('undici:websocket:ping').hasSubscribers).toBe(false);
      expect(channel('undici:websocket:pong').hasSubscribers).toBe(false);
      expect(processErrors.errors).toEqual([]);
    });
  },
);

it('A stop at any tick after Slack has returned the URL leaves no socket.', async () => {
  await using slack = await FakeSlack.start();
  slack.sockets.helloMode = 'held';
  for (let turnCount = 0; turnCount < 150; turnCount++) {
    let closing: Promise<void> | undefined;
    const close = async (fixture: SocketModeFixture) => {
      for (let turn = 0; turn < turnCount; turn++) await null;
      await fixture.receiver.stop();
    };
    const fixture: SocketModeFixture = await createSocketModeFixture({
      sharedSlack: slack,
      timing: { closeTimeoutMs: 100 },
      async fetch(url, init) {
        const response = await fetch(url, init);
        const { status, headers } = response;
        const body = await response.text();
        closing = close(fixture);
        return new Response(body, { status, headers });
      },
    });
    await expect(fixture.receiver.start()).rejects.toThrow('could not be reached');
    await closing;
    await slack.waitFor(() => slack.sockets.tcpConnectionCount === 0, {
      description: `no socket after ${turnCount} turns`,
      timeoutMs: 3_000,
    });
  }
});

it('A stop sends a pending ack before it closes the socket.', async () => {
  await using fixture = await startSocketModeFixture();
  const { slack, receiver } = fixture;
  const release = holdAcks(fixture);
  const { acked } = slack.command(listCommand);
  await slack.waitFor(() => fixture.receivedTriggerIds.length === 1);
  const stopped = receiver.stop();
  release();
  expect((await acked).kind).toBe('acked');
  await stopped;
  await slack.waitFor(() => slack.sockets.tcpConnectionCount === 0);
});

it('A start without a hello fails and leaves no socket.', async () => {
  await using fixture = await createSocketModeFixture({ timing: { helloTimeoutMs: 600, closeTimeoutMs: 50 } });
  const { slack, receiver } = fixture;
  slack.sockets.helloMode = 'held';
  await expect(receiver.start()).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('hello_timeout'),
  });
  await slack.waitFor(() => slack.sockets.tcpConnectionCount === 0);
  expect(openCallCount(slack)).toBe(1);
});

it('A token that Slack rejects is reported once and ends the reconnects.', async () => {
  await using fixture = await startSocketModeFixture({ timing: fastReconnectTiming });
  await using stableFixture = await startSocketModeFixture({ timing: fastReconnectTiming });
  const { slack, connectionErrors } = fixture;
  slack.injectFault({ method: 'apps.connections.open', error: 'invalid_auth', times: 9 });
  slack.terminateSocket();
  await slack.waitFor(() => connectionErrors.length > 0);
  await reconnect(stableFixture, 3);
  expect(connectionErrors.map(({ code }) => code)).toEqual(['invalid_auth']);
  expect(openCallCount(slack)).toBe(2);
});
