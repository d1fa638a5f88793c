import { App, webApi } from '@slack/bolt';
import { expect, it, vi } from 'vitest';
import {
  actionIds,
  alertActionIdPattern,
  commandActionIdPattern,
  confirmationCallbackId,
  filterActionIdPattern,
  handledActionIds,
  historyPageActionIdPattern,
  homeFilterActionIdPattern,
  linksPageActionIdPattern,
  messageShortcutId,
  outdatedActionIdPattern,
  pageActionIdPattern,
  projectMenuActionIdPattern,
  requestActionIdPattern,
} from '../../../src/slack/action-ids.ts';
import { createAuthorizer } from '../../../src/slack/authorizer.ts';
import type { ListenerContext } from '../../../src/slack/listeners/listener.ts';
import { registerListeners } from '../../../src/slack/listeners/routes.ts';
import { runForm } from '../../../src/slack/run-form-ids.ts';
import { slackFormatter } from '../../../src/slack/views/mrkdwn.ts';
import { createFakeContext } from '../fake-context.ts';

const routes = registeredRoutes();

it.each(idsIn(actionIds))('The action id %s has one listener, which is not that of outdated buttons.', (id) => {
  const matching = routes.actions.filter((constraint) => matches(constraint, id));
  expect(matching).toHaveLength(1);
  expect(matching).not.toContain(outdatedActionIdPattern);
});

it.each(['sync:v0:ok', 'sync:v1:ok2', 'sync:v1:command:10', 'x', '', 'a\nsync:v1:ok'])(
  'Only the listener of outdated buttons matches the action id %j.',
  (id) => {
    expect(routes.actions.filter((constraint) => matches(constraint, id))).toEqual([outdatedActionIdPattern]);
  },
);

it('The listener of outdated buttons leaves out the ids that have a listener.', () => {
  expect([...handledActionIds].sort()).toEqual(idsIn(actionIds).sort());
});

it.each([
  { pattern: requestActionIdPattern, ids: actionIds.request },
  { pattern: alertActionIdPattern, ids: actionIds.alert },
  { pattern: pageActionIdPattern, ids: actionIds.page },
  { pattern: filterActionIdPattern, ids: actionIds.filter },
  { pattern: homeFilterActionIdPattern, ids: actionIds.homeFilter },
  { pattern: historyPageActionIdPattern, ids: actionIds.historyPage },
  { pattern: linksPageActionIdPattern, ids: [actionIds.links.next, actionIds.links.previous] },
  { pattern: commandActionIdPattern, ids: actionIds.commands },
  { pattern: outdatedActionIdPattern, ids: [] },
])('The pattern $pattern matches its own ids, and is registered once.', ({ pattern, ids }) => {
  expect(idsIn(actionIds).filter((id) => pattern.test(id))).toEqual(idsIn(ids));
  expect(routes.actions.filter((constraint) => constraint === pattern)).toHaveLength(1);
});

it('Each menu of projects has one source of options.', () => {
  expect(routes.options).toEqual([projectMenuActionIdPattern]);
  expect(idsIn(actionIds).filter((id) => projectMenuActionIdPattern.test(id))).toEqual([
    actionIds.show,
    actionIds.run.project,
  ]);
});

it('Each page of the form and the message shortcut have one listener each.', () => {
  expect(routes.views).toEqual([
    { type: 'view_submission', callback_id: runForm.callbackId },
    { type: 'view_submission', callback_id: runForm.showCallbackId },
    { type: 'view_submission', callback_id: confirmationCallbackId },
    { type: 'view_closed', callback_id: confirmationCallbackId },
  ]);
  expect(routes.shortcuts).toEqual([{ type: 'message_action', callback_id: messageShortcutId }]);
});

it.each(['/sync', '/other', '/sync2', '/SYNC', '/'])('The command %s has one listener.', (name) => {
  expect(routes.commands.filter((constraint) => matches(constraint, name))).toHaveLength(1);
});

/** What each listener is registered for. A real Bolt app also refuses constraints that it does not know. */
function registeredRoutes() {
  const app = new App({ token: 'xoxb-test', signingSecret: 'test', deferInitialization: true });
  const commands = vi.spyOn(app, 'command');
  const actions = vi.spyOn(app, 'action');
  const options = vi.spyOn(app, 'options');
  const views = vi.spyOn(app, 'view');
  const shortcuts = vi.spyOn(app, 'shortcut');
  registerListeners(app, '/sync', createContext());
  const constraints = ({ mock }: { readonly mock: { readonly calls: readonly (readonly unknown[])[] } }) =>
    mock.calls.map(([constraint]) => constraint);
  return {
    commands: constraints(commands),
    actions: constraints(actions),
    options: constraints(options),
    views: constraints(views),
    shortcuts: constraints(shortcuts),
  };
}

function createContext(): ListenerContext {
  const { context } = createFakeContext([]);
  const client = new webApi.WebClient('xoxb-test', { slackApiUrl: 'http://127.0.0.1:9/' });
  const authorizer = createAuthorizer({
    client,
    log: context.log,
    readPolicy: async () => ({ operators: [], channels: [] }),
    installedTeam: () => 'T1',
    monotonicNow: context.clock.monotonicNow,
  });
  return {
    ...context,
    client,
    readTimeZone: async () => 'UTC',
    authorizer,
    format: slackFormatter('/sync'),
    showErrors: false,
    responseUrlFetch: fetch,
  };
}

/** Bolt compares a string, and searches with a regular expression (Bolt 5.1.0, `middleware/builtin.js`). */
function matches(constraint: unknown, name: string): boolean {
  return constraint instanceof RegExp ? constraint.test(name) : constraint === name;
}

/** Every id in a part of `actionIds`. */
function idsIn(part: unknown): string[] {
  if (typeof part === 'string') return [part];
  return typeof part === 'object' && part !== null ? Object.values(part).flatMap(idsIn) : [];
}
