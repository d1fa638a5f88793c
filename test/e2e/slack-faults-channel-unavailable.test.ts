import { expect, it } from 'vitest';
import {
  type FaultCase,
  type FaultScenario,
  type InjectFault,
  startFaultScenario,
  withTitles,
} from '../support/fault-scenario.ts';

const cases = [
  {
    fault: 'the channel does not exist any more (channel_not_found)',
    during: 'OK',
    sees: 'alice: orders was paused',
  },
  {
    fault: 'only some people may post in the channel (restricted_action)',
    during: 'OK',
    sees: 'alice: orders was paused',
  },
  {
    fault: 'the bot is removed from the channel',
    during: 'OK',
    sees: 'alice: orders was paused',
  },
  {
    fault: 'the bot is removed from the channel',
    during: 'the execution',
    sees: 'alice: orders was paused; channel: orders · Pausing…',
  },
  {
    fault: 'the message is deleted, and only some people may post in the channel (restricted_action)',
    during: 'the execution',
    sees: 'alice: orders was paused',
  },
  {
    fault: 'the channel is archived',
    during: 'OK',
    sees: 'alice: Pause orders?; direct message: orders was paused',
  },
  {
    fault: 'the channel is archived',
    during: 'the execution',
    sees: 'alice: orders · Pausing…; channel: orders · Pausing…; direct message: orders was paused',
  },
  {
    fault: 'the bot is removed from the channel, and the dialog is older than 30 minutes',
    during: 'the execution',
    sees: 'alice: orders · Pausing…; channel: orders · Pausing…; direct message: orders was paused',
  },
  {
    fault: 'the bot is removed from the channel, and the five uses of the response_url are spent',
    during: 'the execution',
    sees: 'alice: orders · Pausing…; channel: orders · Pausing…; direct message: orders was paused',
  },
  {
    fault: 'the bot is removed from the channel, and the response_url answers 404',
    during: 'the execution',
    sees: 'alice: orders · Pausing…; channel: orders · Pausing…; direct message: orders was paused',
  },
  {
    fault: 'the bot is removed from the channel, and the response_url answers 200, ok: false, used_url',
    during: 'the execution',
    sees: 'alice: orders · Pausing…; channel: orders · Pausing…; direct message: orders was paused',
  },
  {
    fault: 'the bot is removed from the channel, and the response_url answers 500 for a while',
    during: 'the execution',
    meanwhile: 'alice: orders · Pausing…; channel: orders · Pausing…',
    sees: 'alice: orders was paused; channel: orders · Pausing…',
  },
  {
    fault: 'the channel is archived, and direct messages answer 429, Retry-After 1 s',
    during: 'OK',
    sees: 'alice: Pause orders?; direct message: orders was paused',
  },
  {
    fault: 'the channel is archived, and the bot may not write to alice (messages_tab_disabled)',
    during: 'OK',
    sees: 'alice: Pause orders?',
  },
] as const satisfies readonly FaultCase[];

const post = 'chat.postMessage';
const removeBot = ({ harness }: FaultScenario) =>
  harness.slack.channel('C0SYNC').members.delete(harness.slack.botUserId);
const archiveChannel = ({ harness }: FaultScenario) => {
  harness.slack.channel('C0SYNC').isArchived = true;
};

/** Changes fields of the stored dialog. */
async function updateDialog(scenario: FaultScenario, change: object): Promise<void> {
  const { id, dialog } = await scenario.operation();
  await scenario.harness.services.redis.hset(
    `syncbot:{p:orders}:op:${id}`,
    'dialog',
    JSON.stringify({ ...dialog, ...change }),
  );
}

const injectors: Record<(typeof cases)[number]['fault'], InjectFault> = {
  'the channel does not exist any more (channel_not_found)': ({ harness }) => {
    harness.slack.injectFault({ method: post, error: 'channel_not_found', times: 1_000 });
  },
  'only some people may post in the channel (restricted_action)': ({ harness }) => {
    harness.slack.injectFault({ method: post, error: 'restricted_action', times: 1_000 });
  },
  'the bot is removed from the channel': removeBot,
  'the message is deleted, and only some people may post in the channel (restricted_action)': (scenario) => {
    scenario.harness.slack.deleteMessage(scenario.channelMessage().ts);
    scenario.harness.slack.injectFault({ method: post, error: 'restricted_action', times: 1_000 });
  },
  'the channel is archived': archiveChannel,
  'the bot is removed from the channel, and the dialog is older than 30 minutes': async (scenario) => {
    removeBot(scenario);
    scenario.harness.slack.advanceClock(31 * 60_000);
    await updateDialog(scenario, { expiresAt: 1 });
  },
  'the bot is removed from the channel, and the five uses of the response_url are spent': async (scenario) => {
    removeBot(scenario);
    await updateDialog(scenario, { usesLeft: 0 });
  },
  'the bot is removed from the channel, and the response_url answers 404': (scenario) => {
    removeBot(scenario);
    scenario.harness.slack.injectFault({ method: 'response_url', status: 404, times: 1_000 });
  },
  'the bot is removed from the channel, and the response_url answers 200, ok: false, used_url': (scenario) => {
    removeBot(scenario);
    scenario.harness.slack.injectFault({ method: 'response_url', error: 'used_url', times: 1_000 });
  },
  'the bot is removed from the channel, and the response_url answers 500 for a while': (scenario) => {
    removeBot(scenario);
    const fault = scenario.harness.slack.injectFault({ method: 'response_url', status: 500, times: 1_000 });
    return async () => {
      await scenario.harness.slack.waitFor(() => fault.hits > 1);
      fault.cancel();
      scenario.skipRetryDelays();
    };
  },
  'the channel is archived, and direct messages answer 429, Retry-After 1 s': (scenario) => {
    archiveChannel(scenario);
    scenario.harness.slack.injectFault({
      method: post,
      retryAfter: 1,
      matchesArgs: ({ channel }) => channel === 'U0ALICE',
    });
  },
  'the channel is archived, and the bot may not write to alice (messages_tab_disabled)': (scenario) => {
    archiveChannel(scenario);
    const isToAlice = ({ channel }: { channel?: unknown }) => channel === 'U0ALICE';
    scenario.harness.slack.injectFault({
      method: post,
      error: 'messages_tab_disabled',
      matchesArgs: isToAlice,
      times: 1_000,
    });
    return async () => {
      await scenario.waitForNotifications();
      const { id } = await scenario.operation();
      const logLine = scenario.harness.logLines.find(({ msg }) => msg === 'outcome not delivered');
      expect(logLine).toMatchObject({ level: 40, project: 'orders', operationId: id, code: 'messages_tab_disabled' });
    };
  },
};

it.each(withTitles(cases))('%s', async (_title, { fault, during, sees, ...faultCase }) => {
  await using scenario = await startFaultScenario();
  await scenario.run(during, injectors[fault], 'meanwhile' in faultCase ? faultCase.meanwhile : undefined);
  await scenario.expectMessages(sees);
  await scenario.expectPaused();
  expect(scenario.harness.slack.violations).toEqual([]);
});

it('An outcome that reached no person is still in the history and in `/sync show`.', async () => {
  await using scenario = await startFaultScenario();
  const { slack } = scenario.harness;
  await scenario.run(
    'OK',
    injectors['the channel is archived, and the bot may not write to alice (messages_tab_disabled)'],
  );
  slack.channel('C0SYNC').isArchived = false;
  const history = await scenario.harness.runCommand('history orders', { user: 'U0BOB' });
  expect(history.text + JSON.stringify(history.blocks)).toMatch(/paused[\s\S]*<@U0ALICE>/i);
  expect((await scenario.harness.runCommand('show orders', { user: 'U0BOB' })).text).toContain('orders · Paused');
});
