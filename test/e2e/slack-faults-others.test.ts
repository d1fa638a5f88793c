import { expect, it } from 'vitest';
import { type Conversation, labelsOf, openConversation, said } from '../support/conversation.ts';

/** What goes wrong for one project or one person, and what the others see of it. */
const channels = [{ id: 'C0A', members: ['U0ALICE', 'U0BOB', 'U0BOT'] }];

async function openProjects(talk: Conversation, where: Readonly<Record<string, string>>): Promise<void> {
  for (const [id, channel] of Object.entries(where)) {
    const link = await talk.world.link(`${id}-full`);
    await link.work(async () => {});
    await talk.world.project(id, [link], { channel });
  }
}

const inChannel = ({ slack }: Conversation, channel: string) =>
  slack.messagesSeenBy('U0BOB', channel).filter(({ ephemeralFor }) => ephemeralFor === undefined);

it.each([
  { fault: 'answers 429, Retry-After 600 s', spec: { retryAfter: 600, times: 1_000 } },
  { fault: 'answers 500', spec: { status: 500, times: 1_000 } },
  { fault: 'does not answer', spec: { hang: true, times: 1_000 } },
])(
  'the channel of one project $fault: its requester and the other project’s channel are told at once',
  async ({ spec }) => {
    await using talk = await openConversation({ slack: { channels } });
    await openProjects(talk, { a: 'C0A', b: 'C0SYNC' });
    await talk.world.app.startWorker();
    talk.slack.fail({ method: 'chat.postMessage', when: ({ channel }) => channel === 'C0A', ...spec });
    await talk.act('pause', 'a');
    await talk.act('pause', 'b');
    await talk.slack.waitFor(() => inChannel(talk, 'C0SYNC').some((message) => said(message).includes('b is Paused')));
    const own = () => talk.slack.messagesSeenBy('U0ALICE', 'C0SYNC').map(said);
    await talk.slack.waitFor(() => own().some((text) => text.includes('a is Paused')), { timeoutMs: 20_000 });
    expect(inChannel(talk, 'C0A')).toEqual([]);
    expect(await talk.world.deps.store.read('a')).toMatchObject({ state: 'paused', holder: null });
    expect(talk.slack.violations).toEqual([]);
  },
);

it('many operations in one channel, within Slack’s rate: each is told once, and truly', async () => {
  await using talk = await openConversation({ slack: { rateLimits: true } });
  const ids = ['p1', 'p2', 'p3', 'p4', 'p5'];
  await openProjects(talk, Object.fromEntries(ids.map((id) => [id, 'C0SYNC'])));
  await talk.world.app.startWorker();
  const dialogs = [];
  for (const id of ids) dialogs.push(await talk.ask(`pause ${id}`));
  for (const dialog of dialogs) talk.press('OK', dialog);
  await talk.slack.waitFor(
    () => ids.every((id) => inChannel(talk, 'C0SYNC').some((it) => said(it).includes(`${id} is Paused`))),
    {
      timeoutMs: 30_000,
    },
  );
  expect(inChannel(talk, 'C0SYNC')).toHaveLength(ids.length);
  expect(talk.slack.callsTo('chat.postMessage').some(({ result }) => result === 'ratelimited')).toBe(true);
});

it.each([
  { fault: 'answers 500', spec: { status: 500, times: 1_000 } },
  { fault: 'answers 429', spec: { retryAfter: 60, times: 1_000 } },
  { fault: 'lacks its scope', spec: { error: 'missing_scope', times: 1_000 } },
  { fault: 'does not answer', spec: { hang: true, times: 1_000 } },
])(
  'the user group’s lookup $fault at OK: nothing is changed, and the same dialog works afterwards',
  async ({ spec }) => {
    await using talk = await openConversation({ policy: { operators: ['S0OPS'], channels: ['C0SYNC'] } });
    await openProjects(talk, { orders: 'C0SYNC' });
    await talk.world.app.startWorker();
    const dialog = await talk.ask('pause orders');
    expect(labelsOf(dialog)).toEqual(['OK', 'Cancel']);
    // A new bot has not asked for the group's members yet.
    await talk.bot[Symbol.asyncDispose]();
    await talk.anotherBot();
    const fault = talk.slack.fail({ method: 'usergroups.users.list', ...spec });
    talk.press('OK', dialog);
    const refused = await talk.sees('Slack does not tell who is in the user group S0OPS');
    expect(said(refused)).toContain('Nothing was changed');
    expect(await talk.world.deps.store.read('orders')).toMatchObject({ state: 'running', version: 1 });
    expect(inChannel(talk, 'C0SYNC')).toEqual([]);
    fault.cancel();
    fault.release();
    talk.press('OK', dialog);
    await talk.sees('orders is Paused', { user: 'U0BOB' });
    expect(inChannel(talk, 'C0SYNC')).toHaveLength(1);
    expect(talk.slack.violations).toEqual([]);
  },
);

it('whether the channel is shared cannot be asked at the command: refused with what to do, and asked again', async () => {
  await using talk = await openConversation();
  await openProjects(talk, { orders: 'C0SYNC' });
  const fault = talk.slack.fail({ method: 'conversations.info', status: 503, times: 1_000 });
  expect(said(await talk.ask('pause orders'))).toMatch(
    /cannot see whether this channel is shared[\s\S]*Nothing was changed/,
  );
  fault.cancel();
  expect(labelsOf(await talk.ask('pause orders'))).toEqual(['OK', 'Cancel']);
});
