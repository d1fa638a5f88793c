import type { TypedLimit } from '../../application/pause-limit.ts';
import { normalizeFilterText } from '../../domain/filter-tokens.ts';
import type { Action } from '../../domain/lifecycle.ts';
import { maxReasonLength } from '../../domain/operation.ts';
import { isReservedWord } from '../../domain/project.ts';
import type { ProjectName } from '../../domain/project-names.ts';
import {
  formatSelection,
  isSelectionWord,
  parseSelection,
  type Selection,
  selectionKeys,
} from '../../domain/selection.ts';
import { parseSince, type SinceTime } from '../../lib/since-time.ts';
import { type LimitWord, parseLimit } from '../../lib/time-limit.ts';
import { trimCharacters } from '../../lib/trim-characters.ts';
import { normalizeText, truncateText } from '../views/mrkdwn.ts';

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
  | { readonly code: 'project_missing'; readonly verb: ProjectVerb }
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

/** A longer filter is cut. */
const maxFilterLength = 100;
/** Ten times the longest reason. Longer text is refused before it is read: anybody in the workspace may send it. */
const maxTextLength = 3_000;

/** Parses the text of a slash command. Never throws. Does not check whether the project exists. */
export function parseCommand(text: string): Command {
  if (text.length > maxTextLength) return invalid({ code: 'text_too_long', maxLength: maxTextLength });
  const words = decodeEntities(text)
    .split(/\s+/u)
    .filter((word) => word !== '' && !/^[-‐-―]+$/u.test(word));
  const first = normalizeWord(words[0] ?? '');
  if (first === '' && words.length <= 1) return { kind: 'help' };
  const verb = parseVerb(first);
  if (verb === null) {
    const shownWords = words
      .slice(0, 3)
      .map((word) => truncateText(normalizeWord(word), 100))
      .filter((word) => word !== '');
    return invalid({ code: 'unknown_verb', words: shownWords });
  }
  if (verb === 'help' || verb === 'whoami') return { kind: verb };
  // The parser of the filter reads quotes, and removes what people add to a word.
  if (verb === 'list')
    return {
      kind: 'list',
      filter: truncateText(normalizeText(words.slice(1).map(unwrapLink).join(' ')), maxFilterLength),
    };
  if (verb === 'history') return parseHistory(words.slice(1));
  return parseProjectCommand(verb, words.slice(1));
}

/** Returns the verb for a lower-case word or an alias of it, or null when it is not a verb. */
export function parseVerb(word: string): Verb | null {
  if (word === 'resume') return 'restore';
  if (word === '?') return 'help';
  return verbs.find((verb) => verb === word) ?? null;
}

/** `history`, `history since 22:00`, `history orders` or `history orders since yesterday`. */
function parseHistory(words: readonly string[]): Command {
  const [first] = words;
  if (first === undefined) return { kind: 'history', project: null, since: null };
  return isSince(first) ? parseHistorySince(null, words.slice(1)) : parseProjectCommand('history', words);
}

function isSince(word: string | undefined): boolean {
  return word !== undefined && normalizeWord(word) === 'since';
}

function parseHistorySince(project: string | null, words: readonly string[]): Command {
  const text = truncateText(words.map(normalizeWord).join(' '), 100);
  const since = parseSince(text);
  if (since !== null) return { kind: 'history', project, since };
  return invalid({ code: 'invalid_since', project, text });
}

function parseProjectCommand(verb: ProjectVerb, words: readonly string[]): Command {
  const [target, ...rest] = words;
  const isChange = verb === 'start' || verb === 'pause' || verb === 'restore';
  if (isChange && hasSelectionWord(words)) return parseSelectionCommand(verb, words);
  const project = target === undefined ? null : normalizeProject(target);
  if (project === null || project === '' || project === 'because') return invalid({ code: 'project_missing', verb });
  if (isReservedWord(project)) return invalid({ code: 'invalid_project_id', verb, word: project });
  if (isChange) return parseAction(verb, project, rest);
  if (verb === 'extend') return { kind: 'extend', project, duration: durationText(rest) };
  if (verb === 'history' && isSince(rest[0])) return parseHistorySince(project, rest.slice(1));
  if (rest.length > 0) return invalid({ code: 'extra_words', verb, project });
  return verb === 'history' ? { kind: verb, project, since: null } : { kind: verb, project };
}

function parseAction(action: Action, project: string, [next, ...reasonWords]: readonly string[]): Command {
  if (next === undefined) return { kind: 'change', action, project, reason: null, hasBecause: false };
  const word = normalizeWord(next);
  if (endsNames(word)) return parseRest(action, [next, ...reasonWords], oneProject(action, project));
  const alternative = parseSeveralNames(action, [project, next, ...reasonWords]);
  const timed = parseReasonAndLimit([next, ...reasonWords]);
  if (timed !== null) return { kind: 'change', action, project, ...timed, hasBecause: false, alternative };
  const reason = truncateText(normalizeText([next, ...reasonWords].join(' ')), maxReasonLength);
  if (reason === '') return { kind: 'change', action, project, reason: null, hasBecause: false };
  const possibleLimit = action === 'pause' ? findLimit([next, ...reasonWords]) : null;
  const command = { kind: 'change', action, project, reason, hasBecause: false, alternative } as const;
  return possibleLimit === null ? command : { ...command, possibleLimit };
}

/** The longest limit at the beginning of the words, without its `for` or `until`. Null if there is none. */
function findLimit(words: readonly string[]): PossibleLimit | null {
  for (const word of ['for', 'until'] as const) {
    const text = longestLimit(word, words);
    if (text === null) continue;
    const reason = reasonOf(words.slice(text.length));
    return { limit: { word, text: toLimitText(text) }, reason: reason === '' ? null : reason };
  }
  return null;
}

/** The longest beginning of the words that is a limit. Null if there is none. */
function longestLimit(word: LimitWord, words: readonly string[]): readonly string[] | null {
  const texts = words.map((_word, index) => words.slice(0, words.length - index));
  return texts.find((text) => parseLimit(word, toLimitText(text)).kind === 'limit') ?? null;
}

/** `we deploy for 2h`. Null if no limit ends the words. */
function parseReasonAndLimit(words: readonly string[]): { readonly reason: string; readonly limit: LimitWords } | null {
  const end = endOfNames(words);
  const [word, text] = [
    limitWordOf(words[end]),
    words
      .slice(end + 1)
      .map(normalizeWord)
      .join(' '),
  ];
  if (word === null || parseLimit(word, text).kind === 'invalid') return null;
  const reason = truncateText(normalizeText(words.slice(0, end).join(' ')), maxReasonLength);
  return { reason, limit: { word, text } };
}

function limitWordOf(word: string | undefined): LimitWord | null {
  const normalized = normalizeWord(word ?? '');
  return normalized === 'for' || normalized === 'until' ? normalized : null;
}

/** `extend orders 1h`, `extend orders by 1h`. */
function durationText(words: readonly string[]): string {
  const text = words.map(normalizeWord).join(' ');
  return truncateText(text.replace(/^(?:by|for) /, ''), maxLimitTextLength);
}

/** The first word is a project. */
function parseSeveralNames(action: Action, words: readonly string[]): SeveralNames {
  const end = endOfNames(words);
  const [project = '', ...names] = words.slice(0, end).map(normalizeProject);
  const terms = [project, ...names].map((name) => ({ kind: 'name', name }) as const);
  const command = parseRest(action, words.slice(end), severalProjects(action, { terms, except: [] }));
  return { names, hasBecause: normalizeWord(words[end] ?? '') === 'because', command };
}

/** A selection that is more than names. So each word before `because` is a part of it, and none is a reason. */
function parseSelectionCommand(action: Action, words: readonly string[]): Command {
  const joined = joinQuoted(words);
  const end = endOfNames(joined);
  const parsed = parseSelection(joined.slice(0, end).map(toSelectionWord));
  if (parsed.kind === 'selection')
    return parseRest(action, joined.slice(end), severalProjects(action, parsed.selection));
  const { error } = parsed;
  if (error.code === 'unknown_state') return invalid({ ...error, verb: action });
  return invalid({ ...error, verb: action, project: joined.slice(0, end).map(toSelectionWord).join(' ') });
}

/** A command without its reason, and the words of it that a person types for its projects. */
interface ChangeHead<Change extends Command> {
  readonly command: Change;
  readonly project: string;
  readonly with: (details: { readonly reason?: string; readonly limit?: LimitWords }) => Change;
}

function oneProject(action: Action, project: string): ChangeHead<Extract<Command, { kind: 'change' }>> {
  const command = { kind: 'change', action, project, reason: null, hasBecause: false } as const;
  return {
    command,
    project,
    with: (details) => ({ ...command, ...details, hasBecause: details.reason !== undefined }),
  };
}

function severalProjects(action: Action, selection: Selection): ChangeHead<ChangeSelection> {
  const command = { kind: 'change-selection', action, selection, reason: null } as const;
  return { command, project: formatSelection(selection), with: (details) => ({ ...command, ...details }) };
}

/** Reads what follows the projects of a command: nothing, a limit, `because …`, or a limit and a reason. */
function parseRest<Change extends Command>(
  verb: Action,
  words: readonly string[],
  head: ChangeHead<Change>,
): Change | Extract<Command, { kind: 'invalid' }> {
  const [next, ...rest] = words;
  if (next === undefined) return head.command;
  const word = limitWordOf(next);
  if (word !== null) {
    const { limit, reasonWords } = splitLimit(word, rest);
    const reason = reasonOf(reasonWords);
    if (reason === '') return invalid({ code: 'reason_missing', verb, project: head.project });
    return head.with(reason === null ? { limit } : { limit, reason });
  }
  const reason = reasonOf(words) ?? '';
  if (reason === '') return invalid({ code: 'reason_missing', verb, project: head.project });
  return head.with({ reason });
}

const maxLimitTextLength = 100;

/**
 * The limit ends before `because`. Without it, the words after the longest text that is a limit are the reason. Words that
 * are another limit are no reason: then the limit cannot be read.
 */
function splitLimit(
  word: LimitWord,
  words: readonly string[],
): { readonly limit: LimitWords; readonly reasonWords: readonly string[] } {
  const because = words.findIndex((each) => normalizeWord(each) === 'because');
  const limitWords = because === -1 ? words : words.slice(0, because);
  const readable = because === -1 ? longestLimit(word, limitWords) : null;
  const text = readable === null || isLimit(limitWords.slice(readable.length)) ? limitWords : readable;
  return { limit: { word, text: toLimitText(text) }, reasonWords: words.slice(text.length) };
}

/** Whether the words begin with `until 18:30` or `for 2h`, or are only `until` or `for`. */
function isLimit([first, ...words]: readonly string[]): boolean {
  const word = limitWordOf(first);
  return word !== null && (words.length === 0 || longestLimit(word, words) !== null);
}

function toLimitText(words: readonly string[]): string {
  return truncateText(words.map(normalizeWord).join(' '), maxLimitTextLength);
}

/** Null without words. Empty if nothing follows `because`. */
function reasonOf([first, ...words]: readonly string[]): string | null {
  if (first === undefined) return null;
  const isBecause = normalizeWord(first) === 'because';
  const afterOf = words[0]?.toLowerCase() === 'of' ? words.slice(1) : words;
  return truncateText(normalizeText((isBecause ? afterOf : [first, ...words]).join(' ')), maxReasonLength);
}

/** The position of the first `because`, `for` or `until` after the first word, or the number of words. */
function endOfNames(words: readonly string[]): number {
  const end = words.findIndex((word, index) => index > 0 && endsNames(word));
  return end === -1 ? words.length : end;
}

function endsNames(word: string): boolean {
  return ['because', 'for', 'until'].includes(normalizeWord(word));
}

function hasSelectionWord(words: readonly string[]): boolean {
  const [first = '', ...others] = words.slice(0, endOfNames(words)).map(toSelectionWord);
  if (endsNames(first)) return false;
  return keyPattern.test(first) || others.some(isSelectionWord);
}

const keyPattern = new RegExp(`^(?:${selectionKeys.join('|')}):.`, 'u');

/** What `parseSelection` reads. Only the value of a key may be in quotes: those around a name are decoration. */
function toSelectionWord(word: string): string {
  const text = trimCharacters(normalizeFilterText(word), { start: isDecoration, end: () => false });
  const [, key, value] = keyPattern.test(text) ? (/^(\w+):(.+)$/u.exec(text) ?? []) : [];
  return value === undefined ? normalizeProject(word) : `${key}:${unwrapLink(value)}`;
}

/** Joins the words of `label:"two words"`. */
function joinQuoted(words: readonly string[]): string[] {
  const joined: string[] = [];
  let isOpen = false;
  for (const word of words) {
    if (isOpen) joined.push(`${joined.pop()} ${word}`);
    else joined.push(word);
    const isKey = isOpen || keyPattern.test(toSelectionWord(word));
    if (isKey && countQuotes(word) % 2 === 1) isOpen = !isOpen;
  }
  return joined;
}

/** Without those after a backslash. */
function countQuotes(word: string): number {
  return normalizeFilterText(word).replace(/\\./gu, '').split('"').length - 1;
}

function invalid(error: ParseError): Extract<Command, { kind: 'invalid' }> {
  return { kind: 'invalid', error };
}

const channelPattern = /^<#([CG][A-Z0-9]{2,20})(?:\|([^<>|]*))?>$/;

/** A channel stays as Slack sends it. Other words lose what phones add to them, and the `#` before a name. */
function normalizeProject(word: string): string {
  const trimmed = trimCharacters(word, { start: isDecoration, end: isDecorationOrPunctuation });
  if (channelPattern.test(trimmed)) return trimmed;
  return truncateText(normalizeWord(word).replace(/^#+/, ''), 100);
}

/** What a word for a project means. */
export function readProjectName(word: string): ProjectName {
  const [, channel = null, name = ''] = channelPattern.exec(word) ?? [];
  return channel === null ? { text: word, channel } : { text: normalizeWord(name), channel };
}

/** Slack escapes `&`, `<` and `>` in the text of a command as entities. */
function decodeEntities(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/**
 * Removes what phones and Slack add to a word: upper case, full-width forms, quotes, formatting, trailing punctuation,
 * and the markup of a link (`<http://acme.com|acme.com>`).
 */
function normalizeWord(word: string): string {
  return trimCharacters(normalizeText(unwrapLink(word).normalize('NFKC')).toLowerCase(), {
    start: isDecoration,
    end: isDecorationOrPunctuation,
  });
}

function unwrapLink(word: string): string {
  return word.replace(/^[*_~`]*<[^<>|]*\|([^<>|]*)>/u, '$1').replace(/^<([^<>|]*)>$/u, '$1');
}

function isDecoration(character: string): boolean {
  return decoration.includes(character);
}

function isDecorationOrPunctuation(character: string): boolean {
  return isDecoration(character) || punctuation.includes(character);
}

const decoration = ' *~`\'"‘’‚‛“”„‟«»‹›';
const punctuation = '.,;:!';
