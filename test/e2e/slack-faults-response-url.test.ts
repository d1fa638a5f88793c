import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { FaultSpec } from '../fake-slack/fault-injection.ts';
import { type FaultCase, type InjectFault, startFaultScenario, withTitles } from '../support/fault-scenario.ts';

const cases = [
  {
    fault: 'the response_url answers 429, Retry-After 1 s',
    during: 'the command',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the response_url answers 500, three times',
    during: 'the command',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the response_url refuses the blocks (200, ok: false, invalid_blocks)',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the response_url refuses the blocks (400)',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the response_url: the connection breaks after Slack accepted it',
    during: 'the command',
    sees: 'alice: orders was paused, then Pause orders?; channel: orders was paused',
  },
  {
    fault: 'the response_url answers 429, Retry-After 1 s',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the response_url answers 429 for long, Retry-After 600 s',
    during: 'OK',
    meanwhile: 'alice: Pause orders?; channel: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the response_url answers 500, three times',
    during: 'the execution',
    meanwhile: 'alice: orders · Pausing…; channel: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the response_url: the connection breaks after Slack accepted it',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the response_url gets no answer',
    during: 'the execution',
    meanwhile: 'alice: orders · Pausing…; channel: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the response_url answers 404',
    during: 'the execution',
    sees: 'alice: orders · Pausing…; channel: orders was paused',
  },
  {
    fault: 'the response_url answers 200, ok: false, used_url',
    during: 'the execution',
    sees: 'alice: orders · Pausing…; channel: orders was paused',
  },
  {
    fault: 'the dialog is older than 30 minutes',
    during: 'the execution',
    sees: 'alice: orders · Pausing…; channel: orders was paused',
  },
] as const satisfies readonly FaultCase[];

const responseUrl = 'response_url';
const injectAndSkipDelays =
  (spec: FaultSpec): InjectFault =>
  (scenario) => {
    scenario.harness.slack.injectFault(spec);
    return () => scenario.skipRetryDelays();
  };

const injectors: Record<(typeof cases)[number]['fault'], InjectFault> = {
  'the response_url answers 429, Retry-After 1 s': ({ harness }) => {
    harness.slack.injectFault({ method: responseUrl, retryAfter: 1 });
  },
  'the response_url answers 429 for long, Retry-After 600 s': injectAndSkipDelays({
    method: responseUrl,
    retryAfter: 600,
  }),
  'the response_url answers 500, three times': injectAndSkipDelays({ method: responseUrl, status: 500, times: 3 }),
  'the response_url refuses the blocks (200, ok: false, invalid_blocks)': injectAndSkipDelays({
    method: responseUrl,
    error: 'invalid_blocks',
  }),
  'the response_url refuses the blocks (400)': injectAndSkipDelays({
    method: responseUrl,
    status: 400,
    error: 'invalid_blocks',
  }),
  'the response_url: the connection breaks after Slack accepted it': injectAndSkipDelays({
    method: responseUrl,
    dropReply: true,
  }),
  'the response_url gets no answer': injectAndSkipDelays({ method: responseUrl, hang: true }),
  'the response_url answers 404': injectAndSkipDelays({ method: responseUrl, status: 404, times: 1_000 }),
  'the response_url answers 200, ok: false, used_url': injectAndSkipDelays({
    method: responseUrl,
    error: 'used_url',
  }),
  'the dialog is older than 30 minutes': async ({ harness, operation }) => {
    harness.slack.advanceClock(31 * 60_000);
    const { id, dialog } = await operation();
    const expiredDialog = JSON.stringify({ ...dialog, expiresAt: 1 });
    await harness.services.redis.hset(`syncbot:{p:orders}:op:${id}`, 'dialog', expiredDialog);
  },
};

/** Shortens the retry delays of the listeners to 20 ms. */
const clock = {
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  sleep: (ms: number) => delay(Math.min(ms, 20)),
};

it.each(withTitles(cases))('%s', async (_title, { fault, during, sees, ...faultCase }) => {
  await using scenario = await startFaultScenario({ overrides: { clock, sweepIntervalMs: 300 } });
  await scenario.run(during, injectors[fault], 'meanwhile' in faultCase ? faultCase.meanwhile : undefined);
  await scenario.expectMessages(sees);
  await scenario.expectPaused();
  expect(scenario.harness.slack.violations).toEqual([]);
});

it.each(['list', 'show orders', 'history orders', 'help'])(
  'The answer to /sync %s is shown when Slack accepts it at the fifth attempt.',
  async (text) => {
    await using scenario = await startFaultScenario({ overrides: { clock } });
    const fault = scenario.harness.slack.injectFault({ method: responseUrl, status: 503, times: 4 });
    await scenario.harness.runCommand(text);
    expect(fault.hits).toBe(4);
    await scenario.waitForNotifications();
    expect(scenario.harness.slack.messagesVisibleTo('U0ALICE', 'C0SYNC')).toHaveLength(1);
  },
);

it('The bot logs a warning for an answer that Slack never accepts.', async () => {
  await using scenario = await startFaultScenario({ overrides: { clock } });
  const { slack, logLines } = scenario.harness;
  slack.injectFault({ method: responseUrl, status: 503, times: 1_000 });
  slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'list' });
  await slack.waitFor(() => logLines.some(({ level, msg }) => level === 40 && msg === 'answer not sent'));
});
