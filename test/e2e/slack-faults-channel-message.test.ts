import { expect, it } from 'vitest';
import type { FaultSpec } from '../fake-slack/fault-injection.ts';
import {
  type FaultCase,
  type FaultScenario,
  type InjectFault,
  startFaultScenario,
  withTitles,
} from '../support/fault-scenario.ts';

const cases = [
  {
    fault: 'chat.postMessage answers 429, Retry-After 1 s',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.postMessage answers 429, Retry-After 1 s, three times',
    during: 'OK',
    meanwhile: 'alice: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.postMessage answers ok: false, ratelimited',
    during: 'OK',
    meanwhile: 'alice: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.postMessage answers 500',
    during: 'OK',
    meanwhile: 'alice: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.postMessage answers 503, five times',
    during: 'OK',
    meanwhile: 'alice: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.postMessage answers ok: false, internal_error',
    during: 'OK',
    meanwhile: 'alice: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.postMessage: the connection breaks before Slack accepted it',
    during: 'OK',
    meanwhile: 'alice: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.postMessage: the connection breaks after Slack accepted it',
    during: 'OK',
    meanwhile: 'alice: orders was paused; channel: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused, then orders was paused',
  },
  {
    fault: 'chat.postMessage gets no answer, and Slack did not accept it',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.postMessage refuses the blocks (invalid_blocks)',
    during: 'OK',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the bot token is revoked for a while (invalid_auth)',
    during: 'OK',
    meanwhile: 'alice: orders was paused',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'the bot token is revoked for a while (invalid_auth)',
    during: 'the execution',
    meanwhile: 'alice: orders was paused; channel: orders · Pausing…',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.update answers 429, Retry-After 1 s',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.update answers 429, Retry-After 1 s, three times',
    during: 'the execution',
    meanwhile: 'alice: orders was paused; channel: orders · Pausing…',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.update answers 500',
    during: 'the execution',
    meanwhile: 'alice: orders was paused; channel: orders · Pausing…',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'chat.update: the connection breaks after Slack accepted it',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'a person deletes the message of the operation',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders was paused',
  },
  {
    fault: 'a person deletes the message of the operation after its end',
    during: 'the execution',
    sees: 'alice: orders was paused',
  },
  {
    fault: 'the message may not be edited (cant_update_message)',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders · Pausing…, then orders was paused',
  },
  {
    fault: 'the message may not be edited any more (edit_window_closed)',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders · Pausing…, then orders was paused',
  },
  {
    fault: 'alice reloads her client, and the dialog is gone',
    during: 'the execution',
    sees: 'alice: nothing; channel: orders was paused',
  },
] as const satisfies readonly FaultCase[];

/** Skips the retry delays of the bot to shorten the test. Delays from Retry-After are not skipped: see `inject`. */
const injectAndSkipDelays =
  (spec: FaultSpec): InjectFault =>
  (scenario) => {
    scenario.harness.slack.injectFault(spec);
    return () => scenario.skipRetryDelays();
  };
const inject =
  (spec: FaultSpec): InjectFault =>
  ({ harness }) => {
    harness.slack.injectFault(spec);
  };
const post = 'chat.postMessage';
const update = 'chat.update';

/** The bot can post nothing until the fault ends, and logs a warning. */
const revokeToken: InjectFault = (scenario) => {
  const faults = [post, update].map((method) =>
    scenario.harness.slack.injectFault({ method, error: 'invalid_auth', times: 1_000 }),
  );
  return async () => {
    await scenario.harness.slack.waitFor(() =>
      scenario.harness.logLines.some(({ level, code }) => level >= 40 && code === 'invalid_auth'),
    );
    for (const fault of faults) fault.cancel();
    scenario.skipRetryDelays();
  };
};

const deleteMessage = (scenario: FaultScenario) => scenario.harness.slack.deleteMessage(scenario.channelMessage().ts);

const injectors: Record<(typeof cases)[number]['fault'], InjectFault> = {
  'chat.postMessage answers 429, Retry-After 1 s': inject({ method: post, retryAfter: 1 }),
  'chat.postMessage answers 429, Retry-After 1 s, three times': inject({ method: post, retryAfter: 1, times: 3 }),
  'chat.postMessage answers ok: false, ratelimited': injectAndSkipDelays({ method: post, error: 'ratelimited' }),
  'chat.postMessage answers 500': injectAndSkipDelays({ method: post, status: 500 }),
  'chat.postMessage answers 503, five times': injectAndSkipDelays({ method: post, status: 503, times: 5 }),
  'chat.postMessage answers ok: false, internal_error': injectAndSkipDelays({ method: post, error: 'internal_error' }),
  'chat.postMessage: the connection breaks before Slack accepted it': injectAndSkipDelays({
    method: post,
    dropRequest: true,
  }),
  'chat.postMessage: the connection breaks after Slack accepted it': injectAndSkipDelays({
    method: post,
    dropReply: true,
  }),
  'chat.postMessage gets no answer, and Slack did not accept it': injectAndSkipDelays({ method: post, hang: true }),
  'chat.postMessage refuses the blocks (invalid_blocks)': inject({ method: post, error: 'invalid_blocks' }),
  'the bot token is revoked for a while (invalid_auth)': revokeToken,
  'chat.update answers 429, Retry-After 1 s': inject({ method: update, retryAfter: 1 }),
  'chat.update answers 429, Retry-After 1 s, three times': inject({ method: update, retryAfter: 1, times: 3 }),
  'chat.update answers 500': injectAndSkipDelays({ method: update, status: 500 }),
  'chat.update: the connection breaks after Slack accepted it': injectAndSkipDelays({
    method: update,
    dropReply: true,
  }),
  'a person deletes the message of the operation': deleteMessage,
  'a person deletes the message of the operation after its end': (scenario) => async () => {
    await scenario.waitForNotifications();
    deleteMessage(scenario);
    await scenario.expectMessages('alice: orders was paused');
    await notifyAgain(scenario);
  },
  'the message may not be edited (cant_update_message)': inject({ method: update, error: 'cant_update_message' }),
  'the message may not be edited any more (edit_window_closed)': inject({
    method: update,
    error: 'edit_window_closed',
  }),
  'alice reloads her client, and the dialog is gone': ({ harness }) => harness.slack.reloadClient('U0ALICE'),
};

/** Makes a new notification due after the end, as the last task in flight does when it finishes. */
async function notifyAgain({ harness, operation }: FaultScenario): Promise<void> {
  const { id } = await operation();
  await harness.services.redis.hincrby(`syncbot:{p:orders}:op:${id}`, 'seq', 1);
  await harness.services.context.notifications.operationChanged({ project: 'orders', operation: id });
}

it.each(withTitles(cases))('%s', async (_title, { fault, during, sees, ...faultCase }) => {
  await using scenario = await startFaultScenario();
  await scenario.run(during, injectors[fault], 'meanwhile' in faultCase ? faultCase.meanwhile : undefined);
  await scenario.expectMessages(sees);
  await scenario.expectPaused();
  const updatedMessages = scenario.harness.slack
    .callsTo(update)
    .map(({ args }) => scenario.harness.slack.findMessage(String(args['ts'])));
  expect(updatedMessages.filter((message) => message?.via !== post)).toEqual([]);
  expect(scenario.harness.slack.violations).toEqual([]);
});
