import { type ApiMethod, type FakeSlackState, requireStringArg } from './state.ts';
import { type JsonObject, SlackApiError } from './types.ts';
import { parseView } from './view-limits.ts';
import { viewPayload } from './view-payloads.ts';
import type { StoredView } from './views.ts';

/** These need no scope (docs.slack.dev/reference/methods/views.open). */
export function viewMethods(state: FakeSlackState): Readonly<Record<string, ApiMethod>> {
  return {
    'views.open': { token: 'bot', run: (args) => openView(state, args) },
    'views.push': { token: 'bot', run: (args) => pushView(state, args) },
    'views.update': { token: 'bot', run: (args) => updateView(state, args) },
    'views.publish': { token: 'bot', run: (args) => publishView(state, args) },
  };
}

function openView(state: FakeSlackState, args: JsonObject): JsonObject {
  const content = parseView(args['view'], 'modal');
  const view = state.triggers.exchange(requireStringArg(args, 'trigger_id'), ({ user }) =>
    state.views.open(user, content),
  );
  return { view: viewPayload(view, state) };
}

/** The trigger must be of an interaction in the modal. */
function pushView(state: FakeSlackState, args: JsonObject): JsonObject {
  const content = parseView(args['view'], 'modal');
  const view = state.triggers.exchange(requireStringArg(args, 'trigger_id'), ({ viewId }) =>
    state.views.push(viewId, content),
  );
  return { view: viewPayload(view, state) };
}

function updateView(state: FakeSlackState, args: JsonObject): JsonObject {
  const { view_id: viewId, external_id: externalId } = args;
  if (viewId === undefined && externalId === undefined) requireStringArg(args, 'view_id');
  const view = state.views.find(({ id, content }) =>
    viewId === undefined ? content.externalId === externalId : id === viewId,
  );
  if (view === undefined) throw new SlackApiError('not_found');
  const content = parseView(args['view'], view.content.type);
  requireHash(args, view);
  state.views.update(view, content);
  return { view: viewPayload(view, state) };
}

function publishView(state: FakeSlackState, args: JsonObject): JsonObject {
  const user = state.workspace.users.get(requireStringArg(args, 'user_id'));
  if (user === undefined) throw new SlackApiError('invalid_arguments');
  if (!state.hasHomeTab) throw new SlackApiError('not_enabled');
  const content = parseView(args['view'], 'home');
  requireHash(args, state.views.homeOf(user.id));
  return { view: viewPayload(state.views.publish(user.id, content), state) };
}

function requireHash({ hash }: JsonObject, view: StoredView | undefined): void {
  if (hash !== undefined && hash !== view?.hash) throw new SlackApiError('hash_conflict');
}
