import { normalizeFilterText } from '../../domain/filter-tokens.ts';
import type { Action } from '../../domain/lifecycle.ts';
import { maxReasonLength } from '../../domain/operation.ts';
import {
  formatSelection,
  isSelectionWord,
  parseSelection,
  type Selection,
  selectionKeys,
} from '../../domain/selection.ts';
import { type LimitWord, parseLimit } from '../../lib/time-limit.ts';
import { trimCharacters } from '../../lib/trim-characters.ts';
import { normalizeText, truncateText } from '../views/mrkdwn.ts';
import {
  type ChangeSelection,
  type Command,
  type InvalidCommand,
  invalid,
  type LimitWords,
  type PossibleLimit,
  type SeveralNames,
} from './command.ts';
import { isDecoration, normalizeProject, normalizeWord, unwrapLink } from './words.ts';

/** What follows the project: nothing, an end, a reason, or more projects. */
export function parseAction(action: Action, project: string, [next, ...reasonWords]: readonly string[]): Command {
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

/** The first word is a project. */
function parseSeveralNames(action: Action, words: readonly string[]): SeveralNames {
  const end = endOfNames(words);
  const [project = '', ...names] = words.slice(0, end).map(normalizeProject);
  const terms = [project, ...names].map((name) => ({ kind: 'name', name }) as const);
  const command = parseRest(action, words.slice(end), severalProjects(action, { terms, except: [] }));
  return { names, hasBecause: normalizeWord(words[end] ?? '') === 'because', command };
}

/** A selection that is more than names. So each word before `because` is a part of it, and none is a reason. */
export function parseSelectionCommand(action: Action, words: readonly string[]): Command {
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
): Change | InvalidCommand {
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

export const maxLimitTextLength = 100;

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

export function hasSelectionWord(words: readonly string[]): boolean {
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
