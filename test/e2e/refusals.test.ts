import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Action, actions, alternativeTo, isAllowed, transitions } from '../../src/domain/lifecycle.ts';
import { type ProjectState, projectStates } from '../../src/domain/project-state.ts';
import { messages } from '../../src/messages/catalog.ts';
import {
  buttonLabels,
  closeWithoutViolations,
  type SlackHarness,
  startSlackHarness,
  visibleText,
} from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';

let harness: SlackHarness;
let link: TestLink;

beforeAll(async () => {
  harness = await startSlackHarness({ settings: { observeEveryMs: 60_000 }, overrides: { sweepIntervalMs: 60_000 } });
  link = await harness.services.createLink('orders-full');
  await link.startWorker(async () => {});
});
afterAll(() => closeWithoutViolations(harness));

/** Sets the state of a project as if another person had changed it. The version stays the same. */
async function setState(project: string, state: ProjectState, by = 'U0BOB'): Promise<void> {
  await harness.services.redis.hset(`syncbot:{p:${project}}:state`, { state, by });
}

const pairs = projectStates.flatMap((state) => actions.map((action) => ({ state, action })));
const refusedPairs = pairs.filter(({ state, action }) => !isAllowed(state, action));
const projectIdFor = (state: ProjectState, action: Action, phase: string) =>
  `${state.replace('_', '')}-${action}-${phase}`;

/** Creates a project in a state that allows the action, and returns alice's dialog for it. */
async function openDialog(project: string, action: Action) {
  await harness.services.createProject(project, [link], { channel: 'C0SYNC' });
  await setState(project, transitions[action].from[0] ?? 'running', 'U0ALICE');
  return harness.runCommand(`${action} ${project}`);
}

describe('refusals by the state rules', () => {
  it.each(refusedPairs)('The command $action is refused for a $state project.', async ({ state, action }) => {
    const project = projectIdFor(state, action, 'command');
    await harness.services.createProject(project, [link]);
    await setState(project, state);
    const answer = await harness.runCommand(`${action} ${project}`);
    const isThereAlready = transitions[action].to === state;
    const text = visibleText(answer);
    expect(text).toContain(
      `${project} is ${messages.states[state]}${isThereAlready ? ' already. Nothing to do.' : ''}`,
    );
    expect(text).toContain('<@U0BOB>');
    if (!isThereAlready) expect(text).toContain('Nothing was changed');
    const instead = alternativeTo(state, action);
    expect(buttonLabels(answer)).toEqual([...(instead === null ? [] : [messages.actions[instead].label]), 'Show']);
    expect(harness.slack.messagesVisibleTo('U0BOB', 'C0SYNC')).toEqual([]);
    expect(await harness.services.context.operations.listRecent(project, 5)).toEqual([]);
  });

  it.each(refusedPairs)(
    'OK for $action is refused when the project became $state after the command.',
    async ({ state, action }) => {
      const project = projectIdFor(state, action, 'ok');
      const dialog = await openDialog(project, action);
      await setState(project, state);
      harness.press('OK', dialog);
      await runWorkerOnce(project);
      await expectRefusal(project, state);
    },
  );

  it.each(refusedPairs)(
    'The worker refuses $action when the project became $state after OK.',
    async ({ state, action }) => {
      const project = projectIdFor(state, action, 'worker');
      const dialog = await openDialog(project, action);
      harness.press('OK', dialog);
      await harness.slack.waitFor(async () => (await newestOperation(project))?.state === 'confirmed');
      await setState(project, state);
      await runWorkerOnce(project);
      await expectRefusal(project, state);
    },
  );
});

const newestOperation = async (project: string) =>
  (await harness.services.context.operations.listRecent(project, 1))[0];

/** Executes the confirmed operation as a worker does. */
async function runWorkerOnce(project: string): Promise<void> {
  const { execute } = await import('../../src/application/execute.ts');
  const operation = await harness.slack.waitFor(async () => {
    const found = await newestOperation(project);
    return found?.state === 'confirmed' && found;
  });
  await execute(harness.services.context, { project, operation: operation.id });
}

async function expectRefusal(project: string, state: ProjectState): Promise<void> {
  expect(await newestOperation(project)).toMatchObject({
    state: 'refused',
    refusal: { code: 'not_allowed', by: 'U0BOB', state },
  });
  const outcome = await harness.waitForMessage(new RegExp(`${project} · Not .*It was ${messages.states[state]}`, 's'));
  expect(visibleText(outcome)).toContain('Nothing was changed');
  const othersRead = harness.slack.messagesVisibleTo('U0BOB', 'C0SYNC').map(visibleText);
  expect(othersRead.filter((text) => text.includes(project))).toEqual([]);
  expect(await harness.services.context.projects.read(project)).toMatchObject({
    state,
    version: 1,
    activeOperation: null,
  });
  await harness.slack.waitFor(() =>
    harness.slack
      .messagesVisibleTo('U0ALICE', 'C0SYNC')
      .filter((message) => visibleText(message).includes(project))
      .every((message) => !buttonLabels(message).includes('OK')),
  );
}
