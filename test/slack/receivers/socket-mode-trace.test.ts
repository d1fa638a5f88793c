import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delivery } from '../../fake-slack/deliveries.ts';
import type { FakeSlack } from '../../fake-slack/fake-slack.ts';
import type { DisconnectReason } from '../../fake-slack/socket-mode.ts';
import { recordProcessErrors } from '../process-leaks.ts';
import { listCommand, startSocketModeFixture } from './socket-mode-fixture.ts';

/** One step of a trace. `at` is the index of a socket, modulo their number. */
type Command =
  | { readonly kind: 'send command' | 'press button' | 'fail next opens' | 'hold hellos' | 'send hellos' }
  | { readonly kind: DisconnectReason | 'terminate socket' | 'close socket'; readonly at: number }
  | { readonly kind: 'wait'; readonly ms: number };

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('send command' as const, 'press button' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 12 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'warning' as const,
        'refresh_requested' as const,
        'link_disabled' as const,
        'terminate socket' as const,
        'close socket' as const,
      ),
      at: fc.nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('fail next opens' as const, 'hold hellos' as const, 'send hellos' as const),
    }),
  },
);

interface Trace {
  readonly slack: FakeSlack;
  readonly deliveries: Delivery[];
}

async function runCommand({ slack, deliveries }: Trace, command: Command): Promise<void> {
  const socket = 'at' in command && slack.socketCount > 0 ? command.at % slack.socketCount : null;
  switch (command.kind) {
    case 'send command':
      return void deliveries.push(slack.command(listCommand));
    case 'press button':
      return void deliveries.push(slack.pressForged({ ...listCommand, actionId: 'any' }));
    case 'wait':
      // Varies the interleaving only. No expectation depends on this time.
      return void (await delay(command.ms));
    case 'fail next opens':
      return void slack.injectFault({ method: 'apps.connections.open', status: 500, times: 2 });
    case 'hold hellos':
    case 'send hellos':
      slack.sockets.helloMode = command.kind === 'hold hellos' ? 'held' : 'at once';
      return;
    case 'terminate socket':
      return socket === null ? undefined : slack.terminateSocket(socket);
    case 'close socket':
      return socket === null ? undefined : slack.sockets.closeSocket(socket);
    default:
      return socket === null ? undefined : slack.announceDisconnect(command.kind, socket);
  }
}

const testTiming = {
  stableAfterMs: 20,
  initialBackoffMs: 2,
  maxBackoffMs: 10,
  livenessCheckIntervalMs: 5,
  helloTimeoutMs: 1_000,
  closeTimeoutMs: 50,
};

/** Runs a trace against two receivers and checks that every request is acked once and reaches a listener once per delivery. */
async function runTrace(commands: readonly Command[]): Promise<void> {
  await using fixture = await startSocketModeFixture({
    slack: { closeDelayMs: 25, redeliverOnClose: true, ackLimitMs: 20_000 },
    timing: testTiming,
  });
  const { slack } = fixture;
  await using otherFixture = await startSocketModeFixture({ sharedSlack: slack, timing: testTiming });
  const fixtures = [fixture, otherFixture];
  // Each third ack is late, to vary the interleaving only.
  for (const fixture of fixtures)
    fixture.beforeAck = async () => void (fixture.receivedTriggerIds.length % 3 === 0 && (await delay(4)));
  const trace: Trace = { slack, deliveries: [] };
  for (const command of commands) await runCommand(trace, command);

  slack.sockets.helloMode = 'at once';
  const outcomes = await Promise.all(trace.deliveries.map(({ acked }) => acked));
  await slack.waitFor(
    () => fixtures.every(({ receiver }) => receiver.isReady) && slack.sockets.tcpConnectionCount === 2,
  );
  const receivedTriggerIds = fixtures.flatMap((each) => each.receivedTriggerIds);
  for (const [index, { envelope, triggerId }] of trace.deliveries.entries()) {
    const redeliveryCount = slack.sockets.redelivered.filter((id) => id === envelope.envelope_id).length;
    const receivedCount = receivedTriggerIds.filter((id) => id === triggerId).length;
    if (outcomes[index]?.kind === 'dispatch_failed') {
      expect(receivedCount).toBe(0);
      continue;
    }
    expect(outcomes[index]?.kind).toBe('acked');
    expect(receivedCount).toBeGreaterThanOrEqual(1);
    expect(receivedCount).toBeLessThanOrEqual(1 + redeliveryCount);
  }
  expect(slack.sockets.unackedAtAppClose).toEqual([]);
  expect(slack.violations).toEqual([]);
}

test('Two receivers handle every request once per delivery in any sequence of disconnects, failures and reconnects.', async () => {
  using processErrors = recordProcessErrors();
  const anyTrace = fc.asyncProperty(fc.array(anyCommand, { minLength: 10, maxLength: 60, size: 'max' }), runTrace);
  await fc.assert(anyTrace, { numRuns: 25, endOnFailure: true });
  expect(processErrors.errors).toEqual([]);
});
