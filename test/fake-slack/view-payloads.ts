import { actionTs, originPayload } from './payloads.ts';
import type { FakeSlackState } from './state.ts';
import type { Json, JsonObject, SlackUser } from './types.ts';
import { inputKey, inputsOf, stateValue, type ViewInput } from './view-inputs.ts';
import type { StoredView } from './views.ts';
import { appId, botId, teamId } from './workspace.ts';

interface ViewContext {
  readonly user: SlackUser;
  readonly view: StoredView;
  readonly state: FakeSlackState;
}

/** A view as Slack sends it in responses and payloads. */
export function viewPayload(view: StoredView, { views }: FakeSlackState): JsonObject {
  const { id, content, hash } = view;
  const stack = views.stackOf(view);
  const position = stack.indexOf(view);
  return {
    id,
    team_id: teamId,
    type: content.type,
    blocks: structuredClone(content.blocks) as Json[],
    private_metadata: content.privateMetadata,
    callback_id: content.callbackId,
    state: { values: stateValues(view) },
    hash,
    ...(content.title === null ? {} : { title: content.title }),
    clear_on_close: content.clearOnClose,
    notify_on_close: content.notifyOnClose,
    close: content.close,
    submit: content.submit,
    previous_view_id: stack[position - 1]?.id ?? null,
    root_view_id: stack[0]?.id ?? id,
    app_id: appId,
    external_id: content.externalId,
    app_installed_team_id: teamId,
    bot_id: botId,
  };
}

/** The values of all inputs, by block_id and action_id. */
export function stateValues(view: StoredView): JsonObject {
  const values: Record<string, JsonObject> = {};
  for (const input of inputsOf(view.content.blocks)) {
    const value = stateValue(input, view.entered.get(inputKey(input)));
    values[input.blockId] = { ...values[input.blockId], [input.actionId]: value };
  }
  return values;
}

export function submissionPayload(context: ViewContext, triggerId: string): JsonObject {
  return {
    type: 'view_submission',
    ...originPayload(context),
    trigger_id: triggerId,
    view: viewPayload(context.view, context.state),
    response_urls: [],
  };
}

/** `isCleared`: the user closed all views of the modal. */
export function closedPayload(context: ViewContext, isCleared: boolean): JsonObject {
  return {
    type: 'view_closed',
    ...originPayload(context),
    view: viewPayload(context.view, context.state),
    is_cleared: isCleared,
  };
}

export function viewActionPayload(context: ViewContext, triggerId: string, action: JsonObject): JsonObject {
  return {
    type: 'block_actions',
    ...originPayload(context),
    container: { type: 'view', view_id: context.view.id },
    trigger_id: triggerId,
    view: viewPayload(context.view, context.state),
    actions: [{ ...action, action_ts: actionTs() }],
  };
}

export function choiceAction({ blockId, actionId, element }: ViewInput, option: Json): JsonObject {
  return { type: String(element['type']), action_id: actionId, block_id: blockId, selected_option: option };
}

export function suggestionPayload(context: ViewContext, input: ViewInput, value: string): JsonObject {
  return {
    type: 'block_suggestion',
    ...originPayload(context),
    container: { type: 'view', view_id: context.view.id },
    action_id: input.actionId,
    block_id: input.blockId,
    value,
    view: viewPayload(context.view, context.state),
  };
}
