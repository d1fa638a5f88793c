import { expect, it } from 'vitest';
import { buttonLabels, type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';

const channels = [{ id: 'C0A', members: ['U0ALICE', 'U0BOB', 'U0BOT'] }];

async function createProjects(
  harness: SlackHarness,
  channelByProject: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [id, channel] of Object.entries(channelByProject)) {
    const link = await harness.services.createLink(`${id}-full`);
    await link.startWorker(async () => {});
    await harness.services.createProject(id, [link], { channel });
  }
}

const channelMessages = ({ slack }: SlackHarness, channel: string) =>
  slack.messagesVisibleTo('U0BOB', channel).filter(({ ephemeralFor }) => ephemeralFor === undefined);

it.each([
  { fault: 'answers 429, Retry-After 600 s', spec: { retryAfter: 600, times: 1_000 } },
  { fault: 'answers 500', spec: { status: 500, times: 1_000 } },
  { fault: 'does not answer', spec: { hang: true, times: 1_000 } },
])(
  'When the channel of one project $fault, its requester and the channel of another project get their messages.',
  async ({ spec }) => {
    await using harness = await startSlackHarness({ slack: { channels } });
    await createProjects(harness, { a: 'C0A', b: 'C0SYNC' });
    await harness.services.instance.startWorkers();
    harness.slack.injectFault({ method: 'chat.postMessage', matchesArgs: ({ channel }) => channel === 'C0A', ...spec });
    await harness.requestAndPressOk('pause', 'a');
    await harness.requestAndPressOk('pause', 'b');
    await harness.slack.waitFor(() =>
      channelMessages(harness, 'C0SYNC').some((message) => visibleText(message).includes('b was paused')),
    );
    const ownTexts = () => harness.slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(visibleText);
    await harness.slack.waitFor(() => ownTexts().some((text) => text.includes('a was paused')));
    expect(channelMessages(harness, 'C0A')).toEqual([]);
    expect(await harness.services.context.projects.read('a')).toMatchObject({ state: 'paused', activeOperation: null });
    expect(harness.slack.violations).toEqual([]);
  },
);

it('Slack’s rate limit does not lose or repeat the outcomes of five operations in one channel.', async () => {
  await using harness = await startSlackHarness({ slack: { rateLimits: true } });
  const ids = ['p1', 'p2', 'p3', 'p4', 'p5'];
  await createProjects(harness, Object.fromEntries(ids.map((id) => [id, 'C0SYNC'])));
  await harness.services.instance.startWorkers();
  const dialogs = [];
  for (const id of ids) dialogs.push(await harness.runCommand(`pause ${id}`));
  for (const dialog of dialogs) harness.press('OK', dialog);
  await harness.slack.waitFor(() =>
    ids.every((id) =>
      channelMessages(harness, 'C0SYNC').some((message) => visibleText(message).includes(`${id} was paused`)),
    ),
  );
  expect(channelMessages(harness, 'C0SYNC')).toHaveLength(ids.length);
  expect(harness.slack.callsTo('chat.postMessage').some(({ result }) => result === 'ratelimited')).toBe(true);
});

it.each([
  { fault: 'answers 500', spec: { status: 500, times: 1_000 } },
  { fault: 'answers 429', spec: { retryAfter: 60, times: 1_000 } },
  { fault: 'lacks its scope', spec: { error: 'missing_scope', times: 1_000 } },
  { fault: 'does not answer', spec: { hang: true, times: 1_000 } },
])(
  'When the lookup of a user group $fault at OK, nothing is changed, and the same dialog works later.',
  async ({ spec }) => {
    await using harness = await startSlackHarness({ policy: { operators: ['S0OPS'], channels: ['C0SYNC'] } });
    await createProjects(harness, { orders: 'C0SYNC' });
    await harness.services.instance.startWorkers();
    const dialog = await harness.runCommand('pause orders');
    expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
    // A new bot has no cached members of the group.
    await harness.bot[Symbol.asyncDispose]();
    await harness.addBot();
    const fault = harness.slack.injectFault({ method: 'usergroups.users.list', ...spec });
    harness.press('OK', dialog);
    const refusalMessage = await harness.waitForMessage('syncbot could not read the members of the user group S0OPS');
    expect(visibleText(refusalMessage)).toContain('Nothing was changed');
    expect(await harness.services.context.projects.read('orders')).toMatchObject({ state: 'running', version: 1 });
    expect(channelMessages(harness, 'C0SYNC')).toEqual([]);
    fault.cancel();
    fault.release();
    harness.press('OK', dialog);
    await harness.waitForMessage('orders was paused', { user: 'U0BOB' });
    expect(channelMessages(harness, 'C0SYNC')).toHaveLength(1);
    expect(harness.slack.violations).toEqual([]);
  },
);

it('A command is refused while the bot cannot read whether the channel is shared, and accepted later.', async () => {
  await using harness = await startSlackHarness();
  await createProjects(harness, { orders: 'C0SYNC' });
  const fault = harness.slack.injectFault({ method: 'conversations.info', status: 503, times: 1_000 });
  expect(visibleText(await harness.runCommand('pause orders'))).toMatch(
    /cannot read whether this channel is shared[\s\S]*Nothing was changed/,
  );
  fault.cancel();
  expect(buttonLabels(await harness.runCommand('pause orders'))).toEqual(['OK', 'Cancel']);
});
