import { channel } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import type { Delivery } from '../../fake-slack/deliveries.ts';
import { waitFor } from '../../support/wait-for.ts';
import { countOpenResources, recordProcessErrors } from '../process-leaks.ts';
import { listCommand, startSocketModeFixture } from './socket-mode-fixture.ts';

const refreshCount = 200;

test('Two hundred refreshes lose no request, deliver none twice, and leave no timer and no connection.', async () => {
  using processErrors = recordProcessErrors();
  await using fixture = await startSocketModeFixture({ timing: { stableAfterMs: 0 } });
  const { slack, receiver } = fixture;
  const deliveries: Delivery[] = [];
  const sendCommand = () => deliveries.push(slack.command(listCommand));
  sendCommand();
  await deliveries[0]?.acked;
  const resourcesBefore = countOpenResources();
  const connectionStates = new Set<boolean>();
  for (let refresh = 1; refresh <= refreshCount; refresh++) {
    const reason = refresh % 2 === 0 ? 'warning' : 'refresh_requested';
    sendCommand();
    slack.announceDisconnect(reason);
    if (reason === 'warning') sendCommand();
    const isReplaced = () =>
      fixture.logMessages().filter((message) => message === 'opened a new socket to Slack').length === refresh;
    await slack.waitFor(() => connectionStates.add(receiver.isReady) && isReplaced());
    sendCommand();
    if (reason === 'warning') slack.sockets.closeSocketWhenAcked(0);
    await slack.waitFor(() => connectionStates.add(receiver.isReady) && slack.sockets.tcpConnectionCount === 1);
  }
  expect(connectionStates).toEqual(new Set([true]));
  const outcomes = await Promise.all(deliveries.map(({ acked }) => acked));
  expect(outcomes.map(({ kind }) => kind)).toEqual(deliveries.map(() => 'acked'));
  expect([...fixture.receivedTriggerIds].sort()).toEqual(deliveries.map(({ triggerId }) => triggerId).sort());
  expect(slack.sockets.unackedAtAppClose).toEqual([]);
  expect(slack.violations).toEqual([]);
  await slack.waitFor(() => slack.sockets.tcpConnectionCount === 1);
  await waitFor(() => countOpenResources() <= resourcesBefore, {
    description: `no more than ${resourcesBefore} timers and connections`,
  });
  await receiver.stop();
  expect(channel('undici:websocket:ping').hasSubscribers).toBe(false);
  expect(processErrors.errors).toEqual([]);
});
