import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delivery } from '../support/slack/people.ts';
import type { StrictSlack } from '../support/slack/strict-slack.ts';
import { overhear } from './resources.ts';
import { list, openedSocketBench } from './socket-bench.ts';

/** What happens in a story; `at` says to which socket, modulo their number. */
type Step =
  | { readonly what: 'command' | 'press' | 'opens refused' | 'hellos held' | 'hellos at once' }
  | { readonly what: 'warning' | 'refresh_requested' | 'link_disabled' | 'cut' | 'hang up'; readonly at: number }
  | { readonly what: 'time passes'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
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

interface Story {
  readonly slack: StrictSlack;
  readonly sent: Delivery[];
}

async function live({ slack, sent }: Story, now: Step): Promise<void> {
  const socket = 'at' in now && slack.socketCount > 0 ? now.at % slack.socketCount : null;
  switch (now.what) {
    case 'command':
      return void sent.push(slack.command(list));
    case 'press':
      return void sent.push(slack.pressRaw({ ...list, actionId: 'any' }));
    case 'time passes':
      return void (await delay(now.ms));
    case 'opens refused':
      return void slack.fail({ method: 'apps.connections.open', status: 500, times: 2 });
    case 'hellos held':
    case 'hellos at once':
      slack.sockets.greeting = now.what === 'hellos held' ? 'held' : 'at once';
      return;
    case 'cut':
      return socket === null ? undefined : slack.cut(socket);
    case 'hang up':
      return socket === null ? undefined : slack.sockets.hangUp(socket);
    default:
      return socket === null ? undefined : slack.disconnect(now.what, socket);
  }
}

const timing = {
  steadyAfterMs: 20,
  firstWaitMs: 2,
  longestWaitMs: 10,
  lookEveryMs: 5,
  helloWithinMs: 1_000,
  closeWithinMs: 50,
};

/** Whatever happens to the sockets of two bots: all that Slack delivered is acked once, and comes through once for each delivery. */
async function tell(steps: readonly Step[]): Promise<void> {
  await using bot = await openedSocketBench({
    slack: { closeAfterMs: 25, redelivers: true, ackLimitMs: 20_000 },
    timing,
  });
  const { slack } = bot;
  await using other = await openedSocketBench({ at: slack, timing });
  const bots = [bot, other];
  for (const each of bots) each.beforeAck = async () => void (each.heard.length % 3 === 0 && (await delay(4)));
  const story: Story = { slack, sent: [] };
  for (const now of steps) await live(story, now);

  slack.sockets.greeting = 'at once';
  const outcomes = await Promise.all(story.sent.map(({ acked }) => acked));
  await slack.waitFor(() => bots.every(({ door }) => door.isOpen) && slack.sockets.tcpCount === 2);
  const heard = bots.flatMap((each) => each.heard);
  for (const [index, { envelope, triggerId }] of story.sent.entries()) {
    const again = slack.sockets.redelivered.filter((id) => id === envelope.envelope_id).length;
    const times = heard.filter((id) => id === triggerId).length;
    if (outcomes[index]?.kind === 'dispatch_failed') {
      expect(times).toBe(0);
      continue;
    }
    expect(outcomes[index]?.kind).toBe('acked');
    expect(times).toBeGreaterThanOrEqual(1);
    expect(times).toBeLessThanOrEqual(1 + again);
  }
  expect(slack.sockets.deserted).toEqual([]);
  expect(slack.violations).toEqual([]);
}

test('commands and presses through whatever happens to sockets', async () => {
  using overheard = overhear();
  const stories = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), tell);
  await fc.assert(stories, { numRuns: 25, endOnFailure: true });
  expect(overheard.faults).toEqual([]);
});
