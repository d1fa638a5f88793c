import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FakeSlack } from '../../fake-slack/fake-slack.ts';
import type { Delivery } from '../../fake-slack/fake-users.ts';
import { recordProcessErrors } from '../process-leaks.ts';
import { listCommand, startSocketModeFixture } from './socket-mode-fixture.ts';

/** What happens in a story; `at` says to which socket, modulo their number. */
type Command =
  | { readonly what: 'command' | 'press' | 'opens refused' | 'hellos held' | 'hellos at once' }
  | { readonly what: 'warning' | 'refresh_requested' | 'link_disabled' | 'cut' | 'hang up'; readonly at: number }
  | { readonly what: 'time passes'; readonly ms: number };

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constantFrom('command' as const, 'press' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('time passes' as const), ms: fc.integer({ min: 0, max: 12 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom(
        'warning' as const,
        'refresh_requested' as const,
        'link_disabled' as const,
        'cut' as const,
        'hang up' as const,
      ),
      at: fc.nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom('opens refused' as const, 'hellos held' as const, 'hellos at once' as const),
    }),
  },
);

interface Trace {
  readonly slack: FakeSlack;
  readonly deliveries: Delivery[];
}

async function runCommand({ slack, deliveries: sent }: Trace, command: Command): Promise<void> {
  const socket = 'at' in command && slack.socketCount > 0 ? command.at % slack.socketCount : null;
  switch (command.what) {
    case 'command':
      return void sent.push(slack.command(listCommand));
    case 'press':
      return void sent.push(slack.pressForged({ ...listCommand, actionId: 'any' }));
    case 'time passes':
      return void (await delay(command.ms));
    case 'opens refused':
      return void slack.injectFault({ method: 'apps.connections.open', status: 500, times: 2 });
    case 'hellos held':
    case 'hellos at once':
      slack.sockets.helloMode = command.what === 'hellos held' ? 'held' : 'at once';
      return;
    case 'cut':
      return socket === null ? undefined : slack.terminateSocket(socket);
    case 'hang up':
      return socket === null ? undefined : slack.sockets.closeSocket(socket);
    default:
      return socket === null ? undefined : slack.announceDisconnect(command.what, socket);
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

/** Whatever happens to the sockets of two bots: all that Slack delivered is acked once, and comes through once for each delivery. */
async function runTrace(commands: readonly Command[]): Promise<void> {
  await using fixture = await startSocketModeFixture({
    slack: { closeDelayMs: 25, redeliverOnClose: true, ackLimitMs: 20_000 },
    timing: testTiming,
  });
  const { slack } = fixture;
  await using otherFixture = await startSocketModeFixture({ sharedSlack: slack, timing: testTiming });
  const fixtures = [fixture, otherFixture];
  for (const fixture of fixtures)
    fixture.beforeAck = async () => void (fixture.receivedTriggerIds.length % 3 === 0 && (await delay(4)));
  const trace: Trace = { slack, deliveries: [] };
  for (const command of commands) await runCommand(trace, command);

  slack.sockets.helloMode = 'at once';
  const outcomes = await Promise.all(trace.deliveries.map(({ acked }) => acked));
  await slack.waitFor(
    () => fixtures.every(({ receiver: door }) => door.isConnected) && slack.sockets.tcpConnectionCount === 2,
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

test('commands and presses through whatever happens to sockets', async () => {
  using processErrors = recordProcessErrors();
  const anyTrace = fc.asyncProperty(fc.array(anyCommand, { minLength: 10, maxLength: 60, size: 'max' }), runTrace);
  await fc.assert(anyTrace, { numRuns: 25, endOnFailure: true });
  expect(processErrors.errors).toEqual([]);
});
