import { randomBytes } from 'node:crypto';
import { withIds } from './messages.ts';
import { type Json, SlackApiError } from './types.ts';
import { inputKey, inputsOf } from './view-inputs.ts';
import type { SuggestedOption, ViewContent } from './view-limits.ts';

/** A modal holds a stack of at most three views (docs.slack.dev/surfaces/modals). */
const maxStack = 3;

/** A view in the client of a user. */
export interface StoredView {
  readonly id: string;
  readonly user: string;
  content: ViewContent;
  /** Another one after each update. */
  hash: string;
  /** What the user entered, by the key of the input. */
  readonly entered: Map<string, Json>;
  /** The last suggestions that the user sees, by the key of the input. */
  readonly suggested: Map<string, readonly SuggestedOption[]>;
  /** The errors of the last submission, by block_id. */
  errors: Readonly<Record<string, string>>;
}

/** The modals and Homes of all users. The last view of a stack is the visible one. */
export class Views {
  readonly #modals = new Map<string, StoredView[]>();
  readonly #homes = new Map<string, StoredView>();
  readonly #now: () => number;
  readonly #onChange: () => void;

  constructor(now: () => number, onChange: () => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  open(user: string, content: ViewContent): StoredView {
    this.#requireUniqueExternalId(content);
    const view = this.#create(user, content);
    this.#modals.set(user, [view]);
    this.#onChange();
    return view;
  }

  /** Puts a view on the stack that contains this view. */
  push(belowId: string | undefined, content: ViewContent): StoredView {
    const stack = [...this.#modals.values()].find((views) => views.some(({ id }) => id === belowId));
    const [root] = stack ?? [];
    if (stack === undefined || root === undefined) throw new SlackApiError('not_found');
    if (stack.length >= maxStack) throw new SlackApiError('push_limit_reached');
    this.#requireUniqueExternalId(content);
    const view = this.#create(root.user, content);
    stack.push(view);
    this.#onChange();
    return view;
  }

  /** Slack keeps what the user entered in inputs whose block_id and action_id remain. */
  update(view: StoredView, content: ViewContent): void {
    this.#requireUniqueExternalId(content, view);
    view.content = { ...content, blocks: withIds(content.blocks) };
    view.hash = this.#newHash();
    view.errors = {};
    const remaining = new Set(inputsOf(view.content.blocks).map(inputKey));
    for (const key of [...view.entered.keys()]) if (!remaining.has(key)) view.entered.delete(key);
    this.#onChange();
  }

  /** A user has one Home. */
  publish(user: string, content: ViewContent): StoredView {
    const home = this.#homes.get(user);
    if (home !== undefined) {
      this.update(home, content);
      return home;
    }
    this.#requireUniqueExternalId(content);
    const view = this.#create(user, content);
    this.#homes.set(user, view);
    this.#onChange();
    return view;
  }

  /** Closes this view only. */
  close(view: StoredView): void {
    this.#modals.set(
      view.user,
      this.stackOf(view).filter(({ id }) => id !== view.id),
    );
    this.#onChange();
  }

  /** Closes all views of the modal. */
  clear(view: StoredView): void {
    this.#modals.delete(view.user);
    this.#onChange();
  }

  showErrors(view: StoredView, errors: Readonly<Record<string, string>>): void {
    view.errors = errors;
    this.#onChange();
  }

  find(predicate: (view: StoredView) => boolean): StoredView | undefined {
    return [...[...this.#modals.values()].flat(), ...this.#homes.values()].find(predicate);
  }

  modalOf(user: string): StoredView | undefined {
    return this.#modals.get(user)?.at(-1);
  }

  homeOf(user: string): StoredView | undefined {
    return this.#homes.get(user);
  }

  /** The views of the modal, the first one first. Only the view itself for a Home. */
  stackOf(view: StoredView): readonly StoredView[] {
    return view.content.type === 'home' ? [view] : (this.#modals.get(view.user) ?? []);
  }

  #create(user: string, content: ViewContent): StoredView {
    return {
      id: `V0${randomBytes(5).toString('hex').toUpperCase()}`,
      user,
      content: { ...content, blocks: withIds(content.blocks) },
      hash: this.#newHash(),
      entered: new Map(),
      suggested: new Map(),
      errors: {},
    };
  }

  #newHash(): string {
    return `${Math.floor(this.#now() / 1_000)}.${randomBytes(6).toString('base64url')}`;
  }

  /** An external_id is unique among all views of the workspace. */
  #requireUniqueExternalId({ externalId }: ViewContent, self?: StoredView): void {
    const isTaken = (view: StoredView) => view !== self && view.content.externalId === externalId;
    if (externalId !== '' && this.find(isTaken) !== undefined) throw new SlackApiError('duplicate_external_id');
  }
}
