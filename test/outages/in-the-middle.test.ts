import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openApp } from '../../src/app.ts';
import { configFile, type Ran, runHere } from '../cli/shell.ts';
import { type Conversation, openConversation, said } from '../support/conversation.ts';
import { waitFor } from '../support/wait.ts';
import type { OwnedLink } from '../support/world.ts';

let talk: Conversation;
let near: OwnedLink;
let far: OwnedLink;
beforeEach(async () => {
  talk = await openConversation({ servers: ['far'] });
  const { world } = talk;
  [near, far] = [await world.link('near'), await world.link('far', 'far')];
  await world.project('near', [near]);
  await world.project('far', [far]);
  await world.app.startWorker();
});
afterEach(async () => {
  for (const name of ['default', 'far']) talk.world.server(name).kill('SIGCONT');
  const { violations } = talk.slack;
  await talk[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

async function cli(...argv: string[]): Promise<Ran> {
  const { world } = talk;
  await using file = await configFile(`connections: { far: '${world.urlOf('far')}' }\nprojects: {}\n`);
  const env = { ...file.env, REDIS_URL: world.url };
  return runHere(argv, { env, openApp });
}

const stateOf = async (project: string) => (await talk.world.deps.store.read(project))?.state;
const bob = { user: 'U0BOB' };

describe.each(['SIGSTOP', 'SIGKILL'] as const)('while Redis is away (%s)', (signal) => {
  it('everybody hears at once that nothing was done', async () => {
    const { world } = talk;
    const dialog = await talk.ask('pause near');
    world.server().kill(signal);
    if (signal === 'SIGKILL') await world.server().exited;
    for (const text of ['list', 'show near', 'pause far']) expect(said(await talk.ask(text))).toContain('Not done');
    for (const argv of [['list'], ['show', 'near'], ['pause', 'near', '--yes']]) {
      const ran = await cli(...argv);
      expect(ran).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('Nothing was changed') });
    }
    talk.press('OK', dialog);
    const answer = await talk.sees(/Not done|Checking/);
    expect(said(answer)).toMatch(/Not done|Checking/);
  });
});

it('a Redis that hangs in the middle of a pause: when it goes on, so does the pause', async () => {
  const { world } = talk;
  world.server('far').kill('SIGSTOP');
  await talk.act('pause', 'far');
  await waitFor(async () => (await stateOf('far')) === 'pausing');
  world.server().kill('SIGSTOP');
  talk.slack.command({ user: 'U0BOB', channel: 'C0SYNC', text: 'list' });
  await talk.sees('Not done', bob);
  world.server('far').kill('SIGCONT');
  world.server().kill('SIGCONT');
  await talk.sees('far is Paused', bob);
  expect(await far.queue.isPaused()).toBe(true);
  const history = await world.deps.store.history('far', { limit: 100 });
  const versions = history.flatMap(({ version }) => version ?? []).reverse();
  expect([...new Set(versions)]).toEqual([1, 2, 3]);
});

describe.each(['SIGSTOP', 'SIGKILL'] as const)('while one named connection is away (%s)', (signal) => {
  it('other projects are worked on, observed and listed; the figures of its own are unknown', async () => {
    const { world } = talk;
    await near.work(async () => {
      throw new Error('no');
    });
    world.server('far').kill(signal);
    if (signal === 'SIGKILL') await world.server('far').exited;
    await talk.act('pause', 'near');
    await talk.sees('near is Paused', bob);
    await talk.act('restore', 'near');
    await waitFor(async () => (await stateOf('near')) === 'running');

    const listed = await cli('list', '--json');
    expect(listed.exit).toBe(0);
    const [one, other] = JSON.parse(listed.out).sort((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1));
    expect(one).toMatchObject({ id: 'far', state: 'running', backlog: null, latencyMs: null });
    expect(other).toMatchObject({ id: 'near', state: 'running', backlog: 0 });
    expect(said(await talk.ask('list'))).toMatch(/near/);

    await near.queue.add('fails', {});
    await waitFor(async () => (await stateOf('near')) === 'failed');
    expect(await stateOf('far')).toBe('running');
  });
});

it('a pause that waits for its connection is done when that comes back, and its figures are known again', async () => {
  const { world } = talk;
  world.server('far').kill('SIGSTOP');
  await talk.act('pause', 'far');
  await waitFor(async () => (await stateOf('far')) === 'pausing');
  world.server('far').kill('SIGCONT');
  await talk.sees('far is Paused', bob);
  expect(await far.queue.isPaused()).toBe(true);
  await far.queue.add('waits', {});
  await waitFor(async () => (await cli('list', '--json')).out.includes('"backlog": 1'));
});
