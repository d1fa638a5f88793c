import type { Deliveries, EventDelivery, ViewDelivery } from './deliveries.ts';
import { appHomeOpenedPayload, type HomeTab } from './event-payloads.ts';
import { deepFreeze } from './messages.ts';
import { buttonPayload } from './payloads.ts';
import { findOnlyButton } from './rendered-message.ts';
import type { FakeSlackState } from './state.ts';
import { type Block, isObject, type JsonObject } from './types.ts';
import { hasValue, inputKey, inputsOf, stateValue, type ViewInput } from './view-inputs.ts';
import { parseSuggestions, type SuggestedOption } from './view-limits.ts';
import {
  choiceAction,
  closedPayload,
  stateValues,
  submissionPayload,
  suggestionPayload,
  viewActionPayload,
} from './view-payloads.ts';
import { applyViewResponse } from './view-response.ts';
import type { StoredView } from './views.ts';
import { teamId } from './workspace.ts';

/** A frozen copy of a view as a user sees it. */
export interface VisibleView {
  readonly id: string;
  readonly type: 'modal' | 'home';
  readonly title: string;
  /** The label of the submit button. Empty if there is none. */
  readonly submit: string;
  /** The label of the close button. Slack's default is Cancel. */
  readonly close: string;
  /** Use `renderedText` and `buttonsOf` for its content. */
  readonly blocks: readonly Block[];
  readonly callbackId: string;
  readonly privateMetadata: string;
  readonly hash: string;
  /** The values of the inputs by block_id and action_id, as Slack sends them. */
  readonly values: JsonObject;
  /** The errors of the last submission, by block_id. */
  readonly errors: Readonly<Record<string, string>>;
  /** How many views the modal holds, with this one. */
  readonly depth: number;
}

/** A user and an input of the visible modal, or of the Home with `in: 'home'`. */
interface InputSpec {
  readonly user: string;
  readonly in?: 'modal' | 'home';
  /** The label of the input, or its action_id. */
  readonly input: string;
}

export interface ViewPressSpec {
  readonly user: string;
  /** A view as the user saw it, which may be outdated. Default: the visible modal. */
  readonly view?: VisibleView;
  readonly label?: string;
  readonly actionId?: string;
}

export interface TypeAhead {
  readonly delivery: EventDelivery;
  /** The options that the user sees. Empty when the app sent none, or none in time. */
  readonly options: Promise<readonly SuggestedOption[]>;
}

/** Slack's default number of characters before it asks the app for options. */
const defaultMinQueryLength = 3;

/** The actions of users in modals and Homes. Throws for an action that a client does not offer. */
export class ViewUsers {
  readonly #state: FakeSlackState;
  readonly #deliveries: Deliveries;

  constructor(state: FakeSlackState, deliveries: Deliveries) {
    this.#state = state;
    this.#deliveries = deliveries;
  }

  /** The modal that the user sees: the last view of its stack. */
  modalOf(user: string): VisibleView | undefined {
    const view = this.#state.views.modalOf(user);
    return view === undefined ? undefined : this.#toVisible(view);
  }

  homeOf(user: string): VisibleView | undefined {
    const view = this.#state.views.homeOf(user);
    return view === undefined ? undefined : this.#toVisible(view);
  }

  /** Opens a tab of the app. */
  openHome(userId: string, tab: HomeTab = 'home'): EventDelivery {
    const { workspace, hasHomeTab } = this.#state;
    const user = workspace.user(userId);
    if (user.deleted) throw new Error(`${user.id} is deactivated and cannot open tabs`);
    if (user.teamId !== teamId) throw new Error(`${user.id} belongs to another team: Slack does not offer the app`);
    if (tab === 'home' && !hasHomeTab) throw new Error('The app has no Home tab');
    return this.#deliveries.sendEvent(appHomeOpenedPayload(user.id, tab, this.#state));
  }

  press(spec: ViewPressSpec): ViewDelivery {
    const view = this.#require(spec.user, spec.view?.type ?? 'modal');
    if (spec.view !== undefined && spec.view.id !== view.id) throw new Error(`${spec.user} does not see the view`);
    const button = findOnlyButton(spec.view ?? view.content, spec);
    return this.#sendAction(view, buttonPayload(button));
  }

  /** Enters a text. An empty text empties the input. */
  enter({ text, ...spec }: InputSpec & { readonly text: string }): void {
    const { view, input } = this.#find(spec);
    const { min_length: min = 0, max_length: max = 3_000 } = input.element;
    if (input.element['type'] !== 'plain_text_input') throw new Error(`${spec.input} is not a text input`);
    if (text.length > Number(max) || (text !== '' && text.length < Number(min)))
      throw new Error(`${spec.input} takes ${String(min)} to ${String(max)} characters`);
    view.entered.set(inputKey(input), text === '' ? null : text);
  }

  /** Chooses an option by its label. Returns null if Slack sends it with the submission only. */
  choose({ option, ...spec }: InputSpec & { readonly option: string }): ViewDelivery | null {
    const { view, input } = this.#find(spec);
    const { element } = input;
    const isExternal = element['type'] === 'external_select';
    const offered = isExternal ? view.suggested.get(inputKey(input)) : element['options'];
    const options = Array.isArray(offered) ? offered.filter(isObject) : [];
    const chosen = options.filter(({ text }) => isObject(text) && text['text'] === option);
    const [only] = chosen;
    if (only === undefined || chosen.length > 1) throw new Error(`${chosen.length} options ${option} in ${spec.input}`);
    view.entered.set(inputKey(input), only);
    return input.dispatches ? this.#sendAction(view, choiceAction(input, only)) : null;
  }

  /** Types into an external_select. Slack asks the app for options, once the text is long enough. */
  typeAhead({ text, ...spec }: InputSpec & { readonly text: string }): TypeAhead {
    const { view, input } = this.#find(spec);
    const { type, min_query_length: min = defaultMinQueryLength } = input.element;
    if (type !== 'external_select') throw new Error(`${spec.input} is not an external_select`);
    if (text.length < Number(min)) throw new Error(`Slack asks for options after ${String(min)} characters`);
    view.suggested.delete(inputKey(input));
    const delivery = this.#deliveries.sendFromView(suggestionPayload(this.#context(view), input, text), (body) => {
      view.suggested.set(inputKey(input), parseSuggestions(body));
    });
    return { delivery, options: delivery.acked.then(() => view.suggested.get(inputKey(input)) ?? []) };
  }

  /** Presses the submit button. When `acked` resolves, Slack has applied the response_action. */
  submit(user: string): ViewDelivery {
    const view = this.#require(user, 'modal');
    if (view.content.submit === null) throw new Error('The view has no submit button');
    const missing = inputsOf(view.content.blocks).find(
      (input) => input.isRequired && !hasValue(stateValue(input, view.entered.get(inputKey(input)))),
    );
    if (missing !== undefined) throw new Error(`Slack submits nothing without ${missing.label}`);
    const triggerId = this.#state.triggers.issue(user, view.id);
    return this.#deliveries.sendFromView(submissionPayload(this.#context(view), triggerId), (body) =>
      applyViewResponse(this.#state, view, body),
    );
  }

  /**
   * Presses the close button, or the X, which closes all views. Returns null if the app gets no notice. For the X it is about
   * the first view (docs.slack.dev/surfaces/modals).
   */
  close(user: string, how: 'button' | 'x' = 'button'): EventDelivery | null {
    const view = this.#require(user, 'modal');
    const isCleared = how === 'x' || view.content.clearOnClose;
    const closed = (how === 'x' ? this.#state.views.stackOf(view)[0] : undefined) ?? view;
    const payload = closedPayload(this.#context(closed), isCleared);
    if (isCleared) this.#state.views.clear(view);
    else this.#state.views.close(view);
    return closed.content.notifyOnClose ? this.#deliveries.sendFromView(payload) : null;
  }

  #sendAction(view: StoredView, action: JsonObject): ViewDelivery {
    const triggerId = this.#state.triggers.issue(view.user, view.id);
    return this.#deliveries.sendFromView(viewActionPayload(this.#context(view), triggerId, action));
  }

  #context(view: StoredView) {
    return { view, user: this.#state.workspace.user(view.user), state: this.#state };
  }

  #find({ user, in: type = 'modal', input: name }: InputSpec): { view: StoredView; input: ViewInput } {
    const view = this.#require(user, type);
    const inputs = inputsOf(view.content.blocks);
    const input = inputs.find(({ label, actionId }) => label === name || actionId === name);
    if (input !== undefined) return { view, input };
    const available = inputs.map(({ label, actionId }) => `${label} (${actionId})`).join(', ') || 'none';
    throw new Error(`No input ${name}; available: ${available}`);
  }

  #require(userId: string, type: 'modal' | 'home'): StoredView {
    const { views, workspace } = this.#state;
    const view = type === 'modal' ? views.modalOf(userId) : views.homeOf(userId);
    if (view === undefined) throw new Error(`${userId} sees no ${type}`);
    if (workspace.user(userId).deleted) throw new Error(`${userId} is deactivated and cannot use views`);
    return view;
  }

  #toVisible(view: StoredView): VisibleView {
    const { content } = view;
    return deepFreeze({
      id: view.id,
      type: content.type,
      title: labelOf(content.title),
      submit: labelOf(content.submit),
      close: labelOf(content.close) || 'Cancel',
      blocks: structuredClone(content.blocks),
      callbackId: content.callbackId,
      privateMetadata: content.privateMetadata,
      hash: view.hash,
      values: structuredClone(stateValues(view)),
      errors: { ...view.errors },
      depth: this.#state.views.stackOf(view).length,
    });
  }
}

function labelOf(text: JsonObject | null): string {
  return text === null ? '' : String(text['text']);
}
