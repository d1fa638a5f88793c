import type { TypedLimit } from '../../application/pause-limit.ts';
import type { Action } from '../../domain/lifecycle.ts';
import type { Selection } from '../../domain/selection.ts';
import type { SinceTime } from '../../lib/since-time.ts';

/**
 * The text of a slash command. `project` is a word that a person typed for a project: mostly an id, or a channel as Slack sends
 * it (`<#C0123|orders>`). Text that the bot cannot read is the kind `invalid`, and changes nothing.
 */
export type Command =
  | { readonly kind: 'help' | 'whoami' }
  | { readonly kind: 'list'; readonly filter: string }
  | { readonly kind: 'show' | 'precheck' | 'skipped'; readonly project: string }
  /** Without a project: that of all projects. Without a time: all of it, or the last hours if there is no project. */
  | { readonly kind: 'history'; readonly project: string | null; readonly since: SinceTime | null }
  | {
      readonly kind: 'change';
      readonly action: Action;
      readonly project: string;
      readonly reason: string | null;
      readonly limit?: LimitWords;
      /** Whether the action waits until the project has caught up. */
      readonly whenCaughtUp?: boolean;
      /** Whether the reason follows `because`. Other words can also be the names of other projects. */
      readonly hasBecause: boolean;
      /** Only if the words after the project can name more projects. */
      readonly alternative?: SeveralNames;
      /** Only if the reason begins with a duration or a time. It can be the limit of the pause, without `for` or `until`. */
      readonly possibleLimit?: PossibleLimit;
    }
  | ChangeSelection
  /** Moves the end of a pause. */
  | { readonly kind: 'extend'; readonly project: string; readonly duration: string }
  | { readonly kind: 'invalid'; readonly error: ParseError };

/** When a pause ends, as a person typed it after `for` or `until`. */
export type LimitWords = Pick<TypedLimit, 'word' | 'text'>;

/** The limit and the reason of `pause orders 2h we deploy` if `2h` is the end of the pause. */
export interface PossibleLimit {
  readonly limit: LimitWords;
  /** Null if no words follow the limit. */
  readonly reason: string | null;
}

/** `pause label:prod except orders because we deploy`. */
export interface ChangeSelection {
  readonly kind: 'change-selection';
  readonly action: Action;
  readonly selection: Selection;
  readonly reason: string | null;
  readonly limit?: LimitWords;
  readonly whenCaughtUp?: boolean;
}

/** What `pause orders users …` is if each of the words names a project. Else `users …` is the reason. */
export interface SeveralNames {
  /** The words after the first project and before `because`, `for` or `until`. */
  readonly names: readonly string[];
  /** Whether `because` follows them. */
  readonly hasBecause: boolean;
  readonly command: ChangeSelection | { readonly kind: 'invalid'; readonly error: ParseError };
}

export type ParseError =
  | { readonly code: 'text_too_long'; readonly maxLength: number }
  | { readonly code: 'unknown_verb'; readonly words: readonly string[] }
  /** `time`: what follows the missing project, such as the duration of `extend 1h`. Empty if nothing does. */
  | { readonly code: 'project_missing'; readonly verb: ProjectVerb; readonly time: string }
  | { readonly code: 'invalid_project_id'; readonly verb: ProjectVerb; readonly word: string }
  /** Words after the project, without `because`, name other projects, but not each of them does. */
  | {
      readonly code: 'unclear_names';
      readonly verb: Action;
      readonly project: string;
      readonly others: readonly string[];
      readonly reason: string;
      /** `for 2h`. Null without a limit. */
      readonly limit: string | null;
    }
  /** A duration or a time after the project, without `for`, `until` or `because`. `text` has all words. */
  | {
      readonly code: 'unclear_limit';
      readonly project: string;
      readonly text: string;
      /** `for 2h`, and the words after it. */
      readonly limit: string;
      readonly reason: string | null;
    }
  /** `project` is the text of a selection if there are several. The same below. */
  | { readonly code: 'unknown_state'; readonly verb: Action; readonly value: string }
  | { readonly code: 'except_missing'; readonly verb: Action; readonly project: string }
  /** A selection without a project. `unmatched`: the terms that no project matches. */
  | { readonly code: 'selection_empty'; readonly selection: string; readonly unmatched: readonly string[] }
  /** A word of a selection that is the name of no project, or of several. `corrected`: the selection with likely ones. */
  | {
      readonly code: 'unknown_name';
      readonly verb: Action;
      readonly name: string;
      readonly selection: string;
      readonly corrected: readonly string[];
    }
  /** `project` is null if the command is about all of them. */
  | { readonly code: 'invalid_since'; readonly project: string | null; readonly text: string }
  /** `history 12h`. */
  | { readonly code: 'since_missing'; readonly project: string | null; readonly text: string }
  | { readonly code: 'reason_missing'; readonly verb: Action; readonly project: string }
  | { readonly code: 'extra_words'; readonly verb: ProjectVerb; readonly project: string };

export const verbs = [
  'help',
  'whoami',
  'list',
  'show',
  'precheck',
  'history',
  'skipped',
  'start',
  'pause',
  'restore',
  'extend',
] as const;
export type Verb = (typeof verbs)[number];
/** The verbs that a project can follow. */
export type ProjectVerb = Exclude<Verb, 'help' | 'whoami' | 'list'>;

export type InvalidCommand = Extract<Command, { kind: 'invalid' }>;

export function invalid(error: ParseError): InvalidCommand {
  return { kind: 'invalid', error };
}
