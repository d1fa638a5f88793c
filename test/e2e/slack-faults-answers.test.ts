import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Fault, type FaultRow, openWalk, titled } from '../support/fault-walk.ts';
import type { FaultSpec } from '../support/slack/faults.ts';

const rows = [
  {
    fault: 'the response_url answers 429, Retry-After 1 s',
    during: 'the command',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the response_url answers 500, three times',
    during: 'the command',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the response_url refuses the blocks (200, ok: false, invalid_blocks)',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the response_url refuses the blocks (400)',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the response_url: the connection breaks after Slack took it',
    during: 'the command',
    sees: 'alice: orders is Paused, then Pause orders?; channel: orders is Paused',
  },
  {
    fault: 'the response_url answers 429, Retry-After 1 s',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the response_url answers 429 for long, Retry-After 600 s',
    during: 'OK',
    meanwhile: 'alice: Pause orders?; channel: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the response_url answers 500, three times',
    during: 'the outcome',
    meanwhile: 'alice: Pausing orders…; channel: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the response_url: the connection breaks after Slack took it',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the response_url gets no answer',
    during: 'the outcome',
    meanwhile: 'alice: Pausing orders…; channel: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the response_url is not known any more (404)',
    during: 'the outcome',
    sees: 'alice: Pausing orders…; channel: orders is Paused',
  },
  {
    fault: 'the response_url has been used up (200, ok: false, used_url)',
    during: 'the outcome',
    sees: 'alice: Pausing orders…; channel: orders is Paused',
  },
  {
    fault: 'the dialog is older than 30 minutes',
    during: 'the outcome',
    sees: 'alice: Pausing orders…; channel: orders is Paused',
  },
] as const satisfies readonly FaultRow[];

const url = 'response_url';
const set =
  (spec: FaultSpec): Fault =>
  (walk) => {
    walk.talk.slack.fail(spec);
    return () => walk.timeFlies();
  };

const faults: Record<(typeof rows)[number]['fault'], Fault> = {
  'the response_url answers 429, Retry-After 1 s': ({ talk }) => {
    talk.slack.fail({ method: url, retryAfter: 1 });
  },
  'the response_url answers 429 for long, Retry-After 600 s': set({ method: url, retryAfter: 600 }),
  'the response_url answers 500, three times': set({ method: url, status: 500, times: 3 }),
  'the response_url refuses the blocks (200, ok: false, invalid_blocks)': set({ method: url, error: 'invalid_blocks' }),
  'the response_url refuses the blocks (400)': set({ method: url, status: 400, error: 'invalid_blocks' }),
  'the response_url: the connection breaks after Slack took it': set({ method: url, dropReply: true }),
  'the response_url gets no answer': set({ method: url, hang: true }),
  'the response_url is not known any more (404)': set({ method: url, status: 404, times: 1_000 }),
  'the response_url has been used up (200, ok: false, used_url)': set({ method: url, error: 'used_url' }),
  'the dialog is older than 30 minutes': async ({ talk, operation }) => {
    talk.slack.advance(31 * 60_000);
    const { id, dialog } = await operation();
    const aged = JSON.stringify({ ...dialog, until: 1 });
    await talk.world.redis.hset(`syncbot:{p:orders}:op:${id}`, 'dialog', aged);
  },
};

/** Where a handler waits before it tries again, the test does not. */
const clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms: number) => delay(Math.min(ms, 20)),
};

it.each(titled(rows))('%s', async (_title, { fault, during, sees, ...row }) => {
  await using walk = await openWalk({ overrides: { clock, sweepEveryMs: 300 } });
  await walk.go(during, faults[fault], 'meanwhile' in row ? row.meanwhile : undefined);
  await walk.expectSees(sees);
  await walk.expectPaused();
  expect(walk.talk.slack.violations).toEqual([]);
});

it.each(['list', 'show orders', 'history orders', 'help'])(
  '/sync %s is shown when Slack takes it at last',
  async (text) => {
    await using walk = await openWalk({ overrides: { clock } });
    const fault = walk.talk.slack.fail({ method: url, status: 503, times: 4 });
    await walk.talk.ask(text);
    expect(fault.hits).toBe(4);
    await walk.allTold();
    expect(walk.talk.slack.messagesSeenBy('U0ALICE', 'C0SYNC')).toHaveLength(1);
  },
);

it('an answer that Slack never takes leaves a line in the log', async () => {
  await using walk = await openWalk({ overrides: { clock } });
  const { slack, logged } = walk.talk;
  slack.fail({ method: url, status: 503, times: 1_000 });
  slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'list' });
  await slack.waitFor(() => logged.some(({ level, msg }) => level === 40 && msg === 'answer could not be shown'));
});
