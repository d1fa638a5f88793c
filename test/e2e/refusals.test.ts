import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowedAction, decide, roads } from '../../src/domain/lifecycle.ts';
import { type Action, actions, type ProjectState, projectStates, stateTitles } from '../../src/domain/project.ts';
import { type Conversation, labelsOf, openConversation, said } from '../support/conversation.ts';
import type { OwnedLink } from '../support/world.ts';

let talk: Conversation;
let link: OwnedLink;

beforeAll(async () => {
  talk = await openConversation({ settings: { observeEveryMs: 60_000 }, overrides: { sweepEveryMs: 60_000 } });
  link = await talk.world.link('orders-full');
  await link.work(async () => {});
});
afterAll(async () => {
  const { violations } = talk.slack;
  await talk[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

/** Puts a project into a state, as if somebody else had brought it there; at its version or a later one. */
async function put(project: string, state: ProjectState, by = 'U0BOB'): Promise<void> {
  await talk.world.redis.hset(`syncbot:{p:${project}}:state`, { state, by });
}

const pairs = projectStates.flatMap((state) => actions.map((action) => ({ state, action })));
const refused = pairs.filter(({ state, action }) => decide(state, action).kind === 'refused');
const projectOf = (state: ProjectState, action: Action, where: string) =>
  `${state.replace('_', '')}-${action}-${where}`;

/** The project in the state in which the action is allowed, and alice's dialog for it. */
async function dialogFor(project: string, action: Action) {
  await talk.world.project(project, [link], { channel: 'C0SYNC' });
  await put(project, roads[action].from[0] ?? 'running', 'U0ALICE');
  return talk.ask(`${action} ${project}`);
}

describe('every refusal of the state rules', () => {
  it.each(refused)('at the command: $action of a $state project', async ({ state, action }) => {
    const project = projectOf(state, action, 'asked');
    await talk.world.project(project, [link]);
    await put(project, state);
    const answer = said(await talk.ask(`${action} ${project}`));
    expect(answer).toContain(`${project} is ${stateTitles[state]}`);
    expect(answer).toContain('<@U0BOB>');
    expect(answer).toContain('Nothing was changed');
    const instead = allowedAction(state);
    if (instead !== null) expect(answer).toContain(`/sync ${instead} ${project}`);
    expect(await talk.world.deps.store.recentOperations(project, 5)).toEqual([]);
  });

  it.each(refused)('at OK: $action, when somebody made it $state meanwhile', async ({ state, action }) => {
    const project = projectOf(state, action, 'pressed');
    const dialog = await dialogFor(project, action);
    await put(project, state);
    talk.press('OK', dialog);
    await runWorkerOnce(project);
    await expectRefusal(project, state);
  });

  it.each(refused)('in the worker: $action, when somebody made it $state after OK', async ({ state, action }) => {
    const project = projectOf(state, action, 'claimed');
    const dialog = await dialogFor(project, action);
    talk.press('OK', dialog);
    await talk.slack.waitFor(async () => (await newest(project))?.state === 'confirmed');
    await put(project, state);
    await runWorkerOnce(project);
    await expectRefusal(project, state);
  });
});

const newest = async (project: string) => (await talk.world.deps.store.recentOperations(project, 1))[0];

/** A worker takes the confirmed operation up. */
async function runWorkerOnce(project: string): Promise<void> {
  const { execute } = await import('../../src/application/execute.ts');
  const operation = await talk.slack.waitFor(async () => {
    const found = await newest(project);
    return found?.state === 'confirmed' && found;
  });
  await execute(talk.world.deps, { project, operation: operation.id });
}

async function expectRefusal(project: string, state: ProjectState): Promise<void> {
  expect(await newest(project)).toMatchObject({
    state: 'refused',
    refusal: { code: 'not_allowed', by: 'U0BOB', state },
  });
  const outcome = await talk.sees(new RegExp(`${project} is ${stateTitles[state]}`), { user: 'U0BOB' });
  expect(said(outcome)).toContain('Nothing was changed');
  expect(await talk.world.deps.store.read(project)).toMatchObject({ state, version: 1, holder: null });
  await talk.slack.waitFor(() =>
    talk.slack
      .messagesSeenBy('U0ALICE', 'C0SYNC')
      .filter((message) => said(message).includes(project))
      .every((message) => !labelsOf(message).includes('OK')),
  );
}
