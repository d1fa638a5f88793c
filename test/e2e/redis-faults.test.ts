import { expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import { createJumpingClock } from '../application/context-overrides.ts';
import {
  type FaultCase,
  type FaultScenario,
  type InjectFault,
  type SendOverride,
  startFaultScenario,
  withTitles,
} from '../support/fault-scenario.ts';
import { visibleText } from '../support/slack-harness.ts';

const cases = [
  {
    fault: 'the bot’s Redis is down until alice repeats her request',
    during: 'the command',
    sees: "alice: Not done: the bot's Redis did not answer. Nothing was changed. Try again in a minute., then orders was paused; channel: orders was paused",
  },
  {
    fault: 'the bot’s Redis is down until alice repeats her request',
    during: 'OK',
    sees: "alice: orders was paused, then Not done: the bot's Redis did not answer. Nothing was changed. Try again in a minute.; channel: orders was paused",
  },
  {
    fault: 'the bot’s Redis applied OK, the reply is lost, and Redis is down for a while',
    during: 'OK',
    sees: 'alice: orders was paused, then syncbot checks whether your answer was saved; channel: orders was paused',
  },
  {
    fault: 'the bot’s Redis goes down before it applies OK, and recovers',
    during: 'OK',
    sees: 'alice: orders was paused, then syncbot checks whether your answer was saved; channel: orders was paused',
  },
  {
    fault: 'the bot’s Redis applied OK, the reply is lost, and Redis is down for more than two minutes',
    during: 'OK',
    sees: 'alice: orders was paused, then syncbot checks whether your answer was saved, then It is not known whether your answer was saved; channel: orders was paused',
  },
  {
    fault: 'the bot’s Redis goes down while Slack accepts the first message',
    during: 'OK',
    sees: 'alice: orders was paused, then Not done; channel: orders was paused',
  },
  {
    fault: 'the bot’s Redis goes down before the operation ends, and alice types list meanwhile',
    during: 'the execution',
    sees: 'alice: orders was paused, then Not done; channel: orders was paused',
  },
  {
    fault: 'the bot’s Redis applied the end of the operation, the reply is lost, and Redis is down for a while',
    during: 'the execution',
    sees: 'alice: orders was paused, then Not done; channel: orders was paused',
  },
] as const satisfies readonly FaultCase[];

const sendWith =
  (sendOverride: (scenario: FaultScenario) => SendOverride): InjectFault =>
  async (scenario) => {
    // Loads the script into Redis first, so that the lost reply below is the one of the script itself.
    const ref = { project: 'orders', operation: 'none' };
    await scenario.harness.services.context.operations.resolve({ ref, decision: 'cancel', by: null, dialog: null });
    scenario.sendNext = sendOverride(scenario);
  };

const failsAsUnavailable = (request: Promise<unknown>, sent: 'no' | 'unknown') =>
  request.then(
    () => false,
    (error: unknown) => error instanceof StoreUnavailableError && error.sent === sent,
  );

const waitUntilDown = ({ harness }: FaultScenario) => harness.slack.waitFor(() => harness.services.proxy.isDown);

/** Sends `list` while Redis is down, waits for its answer, and starts Redis again. */
async function listWhileDown(scenario: FaultScenario): Promise<void> {
  await waitUntilDown(scenario);
  expect(visibleText(await scenario.harness.runCommand('list'))).toContain('Not done');
  scenario.harness.services.proxy.recover();
}

const injectors: Record<(typeof cases)[number]['fault'], InjectFault> = {
  'the bot’s Redis is down until alice repeats her request': sendWith(({ harness }) => async (deliver) => {
    harness.services.proxy.goDown();
    // A command that is sent before the bot notices the outage has an unknown result. Other cases cover that.
    await harness.slack.waitFor(() => failsAsUnavailable(harness.services.context.serverClock.now(), 'no'));
    deliver();
    await harness.waitForMessage('Not done');
    harness.services.proxy.recover();
    await harness.slack.waitFor(() => harness.services.context.serverClock.now());
    deliver();
  }),
  'the bot’s Redis applied OK, the reply is lost, and Redis is down for a while': sendWith(
    ({ harness }) =>
      async (deliver) => {
        harness.services.proxy.dropReplyAndGoDown('confirm');
        deliver();
        await harness.waitForMessage('syncbot checks whether your answer was saved');
        harness.services.proxy.recover();
      },
  ),
  'the bot’s Redis goes down before it applies OK, and recovers': sendWith(({ harness }) => async (deliver) => {
    harness.services.proxy.goDownBefore('confirm');
    deliver();
    await harness.waitForMessage('syncbot checks whether your answer was saved');
    harness.services.proxy.recover();
  }),
  'the bot’s Redis applied OK, the reply is lost, and Redis is down for more than two minutes': sendWith(
    ({ harness }) =>
      async (deliver) => {
        harness.services.proxy.dropReplyAndGoDown('confirm');
        deliver();
        await harness.slack.waitFor(() => harness.waitForMessage('It is not known whether your answer was saved'));
        harness.services.proxy.recover();
      },
  ),
  'the bot’s Redis goes down while Slack accepts the first message': (scenario) => {
    const { slack, services } = scenario.harness;
    const hangingPost = slack.injectFault({ method: 'chat.postMessage', hang: true });
    scenario.sendNext = async (deliver) => {
      deliver();
      await hangingPost.firstHit;
      services.proxy.goDown();
      hangingPost.release();
      await slack.waitFor(() => slack.callsTo('chat.postMessage').some(({ result }) => result === 'ok'));
      await listWhileDown(scenario);
    };
  },
  'the bot’s Redis goes down before the operation ends, and alice types list meanwhile': (scenario) => {
    scenario.harness.services.proxy.goDownBefore('linksDone');
    const listAnswered = listWhileDown(scenario);
    return () => listAnswered;
  },
  'the bot’s Redis applied the end of the operation, the reply is lost, and Redis is down for a while': (scenario) => {
    scenario.harness.services.proxy.dropReplyAndGoDown('linksDone');
    const listAnswered = listWhileDown(scenario);
    return () => listAnswered;
  },
};

it.each(withTitles(cases))('%s', async (_title, { fault, during, sees }) => {
  // The bot checks a lost reply for two minutes. The jumping clock shortens them to seconds.
  const overrides = fault.includes('two minutes') ? { clock: createJumpingClock() } : {};
  await using scenario = await startFaultScenario({ throughProxy: true, overrides });
  await scenario.run(during, injectors[fault]);
  await scenario.expectMessages(sees);
  await scenario.expectPaused();
  expect(await scenario.harness.services.context.operations.listRecent('orders', 9)).toHaveLength(1);
  expect(scenario.harness.slack.violations).toEqual([]);
});
