import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Conversation, openConversation, said } from '../support/conversation.ts';
import { buttonsOf } from '../support/slack/eyes.ts';
import type { OwnedLink } from '../support/world.ts';

let talk: Conversation;
let links: OwnedLink[];

beforeEach(async () => {
  talk = await openConversation();
  links = await Promise.all(['orders-full', 'orders-incr'].map((name) => talk.world.link(name)));
});
afterEach(async () => {
  const { violations } = talk.slack;
  await talk[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

const bob = { user: 'U0BOB' };
const carol = { user: 'U0CAROL' };
/** What happened, without when. */
const lines = (text: string) =>
  text
    .split('\n')
    .filter((line) => / ago · /.test(line))
    .slice(1)
    .map((line) => line.replace(/^.*? ago · /, ''));

describe('/sync history', () => {
  it('tells who asked for what, where and why, and what became of it; to the person who asked alone', async () => {
    await talk.world.project('orders', links);
    const dialog = await talk.ask('pause orders because schema change');
    const other = await talk.ask('pause orders', bob);
    await talk.world.app.startWorker();
    talk.press('OK', dialog);
    await talk.sees('orders is Paused', bob);
    talk.press('OK', other, 'U0BOB');
    await talk.sees(/orders was not paused/, bob);

    const history = await talk.ask('history orders', carol);
    expect(history.ephemeralFor).toBe('U0CAROL');
    expect(lines(said(history))).toEqual([
      '<@U0BOB> · refused to pause it: it was Paused, by <@U0ALICE>',
      '<@U0BOB> · confirmed the request to pause it',
      '<@U0ALICE> · paused 2 of 2 links',
      '<@U0ALICE> · Pausing began',
      '<@U0ALICE> · confirmed the request to pause it',
      '<@U0BOB> · asked to pause it · in <#C0SYNC>',
      '<@U0ALICE> · asked to pause it · because schema change · in <#C0SYNC>',
      'cli:test · added the project',
    ]);
    expect(said(history)).not.toContain('older ones');
  });

  it('a failed task’s reason is shown to operators only', async () => {
    await talk.world.project('orders', links);
    const failure = { link: links[0]?.link ?? expect.fail(), taskId: '7', reason: 'column is missing', at: 1 };
    await talk.world.deps.store.fail('orders', 1, { failure, by: 'syncbot', logFrom: null });
    const toAlice = said(await talk.ask('history orders'));
    expect(toAlice).toContain('syncbot · Failed: a task failed on `orders-full`: column is missing');
    const toCarol = said(await talk.ask('history orders', carol));
    expect(toCarol).toContain('Failed: a task failed on `orders-full`');
    expect(toCarol).not.toContain('column is missing');
  });

  it('of a removed project is still there, of an unknown one is not; older entries are on the command line', async () => {
    await talk.world.project('orders', links);
    for (let index = 0; index < 20; index++) {
      await talk.world.redis.xadd('syncbot:{p:orders}:audit', '*', 'v', '1', 'at', '1', 'event', 'changed');
    }
    await talk.world.deps.store.remove('orders', 1, 'cli:root');
    const history = said(await talk.ask('history orders'));
    expect(history).toContain('cli:root · removed the project');
    expect(history.match(/changed its definition/g)).toHaveLength(14);
    expect(history).toContain('older ones: `syncbot history orders`');
    await talk.world.project('users', links);
    expect(said(await talk.ask('history user'))).toContain('Did you mean `/sync history users`?');
  });
});

it('keeps who was refused: at the command, and at somebody else’s dialog', async () => {
  await talk.world.project('orders', links, { channel: 'C0SYNC' });
  const events = () => talk.world.deps.store.history('orders', { limit: 2 });
  await talk.ask('pause orders because deploy', { user: 'U0CAROL' });
  await talk.slack.waitFor(async () => (await events())[0]?.event === 'refused');
  expect((await events())[0]).toMatchObject({ by: 'U0CAROL', action: 'pause', reason: 'deploy', code: 'not_operator' });
  const dialog = await talk.ask('pause orders');
  const value = buttonsOf(dialog).find(({ label }) => label === 'OK')?.value ?? '';
  talk.slack.pressRaw({ user: 'U0BOB', channel: 'C0SYNC', actionId: 'sync:v1:ok', value });
  await talk.slack.waitFor(async () => (await events())[0]?.event === 'refused');
  expect(await events()).toMatchObject([
    { event: 'refused', by: 'U0BOB', action: 'pause', code: 'not_requester', channel: 'C0SYNC' },
    { event: 'requested', by: 'U0ALICE' },
  ]);
});
