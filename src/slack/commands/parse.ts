import type { Action } from '../../domain/lifecycle.ts';
import { maxReasonLength } from '../../domain/operation.ts';
import { isReservedWord } from '../../domain/project.ts';
import type { ProjectName } from '../../domain/project-names.ts';
import { parseSince, type SinceTime } from '../../lib/since-time.ts';
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
      /** Whether the reason follows `because`. Other words can also be the ids of other projects. */
      readonly hasBecause: boolean;
    }
  | { readonly kind: 'invalid'; readonly error: ParseError };

export type ParseError =
  | { readonly code: 'text_too_long'; readonly maxLength: number }
  | { readonly code: 'unknown_verb'; readonly words: readonly string[] }
  | { readonly code: 'project_missing'; readonly verb: ProjectVerb }
  | { readonly code: 'invalid_project_id'; readonly verb: ProjectVerb; readonly word: string }
  /** Words after the project, without `because`, name other projects. */
  | {
      readonly code: 'one_project_only';
      readonly verb: Action;
      readonly project: string;
      readonly others: readonly string[];
      readonly reason: string;
    }
  | { readonly code: 'timed_not_supported'; readonly verb: Action; readonly project: string }
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

function parseProjectCommand(verb: ProjectVerb, [target, ...rest]: readonly string[]): Command {
  const project = target === undefined ? null : normalizeProject(target);
  if (project === null || project === '' || project === 'because') return invalid({ code: 'project_missing', verb });
  if (isReservedWord(project)) return invalid({ code: 'invalid_project_id', verb, word: project });
  if (verb !== 'show' && verb !== 'precheck' && verb !== 'history' && verb !== 'skipped')
    return parseAction(verb, project, rest);
  if (verb === 'history' && isSince(rest[0])) return parseHistorySince(project, rest.slice(1));
  if (rest.length > 0) return invalid({ code: 'extra_words', verb, project });
  return verb === 'history' ? { kind: verb, project, since: null } : { kind: verb, project };
}

function parseAction(action: Action, project: string, [next, ...reasonWords]: readonly string[]): Command {
  if (next === undefined) return { kind: 'change', action, project, reason: null, hasBecause: false };
  const word = normalizeWord(next);
  if (word === 'because') {
    const wordsAfterOf = reasonWords[0]?.toLowerCase() === 'of' ? reasonWords.slice(1) : reasonWords;
    const reason = truncateText(normalizeText(wordsAfterOf.join(' ')), maxReasonLength);
    if (reason === '') return invalid({ code: 'reason_missing', verb: action, project });
    return { kind: 'change', action, project, reason, hasBecause: true };
  }
  if (word === 'for' || word === 'until') return invalid({ code: 'timed_not_supported', verb: action, project });
  const reason = truncateText(normalizeText([next, ...reasonWords].join(' ')), maxReasonLength);
  return { kind: 'change', action, project, reason: reason === '' ? null : reason, hasBecause: false };
}

function invalid(error: ParseError): Command {
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

/** The words that could be ids or names of projects. */
export function splitWords(text: string): string[] {
  return text
    .split(/\s+/u)
    .map(normalizeProject)
    .filter((word) => word !== '');
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
