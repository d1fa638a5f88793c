import type { Action } from '../../domain/lifecycle.ts';
import { maxReasonLength } from '../../domain/operation.ts';
import { projectIdSchema } from '../../domain/project.ts';
import { maxFilterLength } from '../contract.ts';
import { normalizeText, truncateText } from '../views/mrkdwn.ts';

/** What somebody typed behind `/sync`. Misreadings are values: nothing is changed by them, and each has a sentence. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'list'; readonly filter: string }
  | { readonly kind: 'show' | 'precheck' | 'history'; readonly project: string }
  | { readonly kind: 'act'; readonly action: Action; readonly project: string; readonly reason: string | null }
  | { readonly kind: 'misread'; readonly error: ParseError };

export type ParseError =
  | { readonly code: 'unknown_verb'; readonly words: readonly string[] }
  | { readonly code: 'project_missing'; readonly verb: string }
  | { readonly code: 'no_project_id'; readonly verb: string; readonly word: string }
  | { readonly code: 'one_project_only'; readonly verb: string; readonly project: string }
  | { readonly code: 'timed_not_built_yet'; readonly verb: Action; readonly project: string }
  | { readonly code: 'reason_missing'; readonly verb: Action; readonly project: string }
  | { readonly code: 'extra_words'; readonly verb: string; readonly project: string; readonly acceptsReason: boolean };

export const verbs = ['help', 'list', 'show', 'precheck', 'history', 'start', 'pause', 'restore'] as const;
export type Verb = (typeof verbs)[number];

/** Reads the text of a slash command. Never throws, whatever the text; project ids are not looked up here. */
export function parseCommand(text: string): Command {
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
    return { kind: 'misread', error: { code: 'unknown_verb', words: shownWords } };
  }
  if (verb === 'help') return { kind: 'help' };
  if (verb === 'list')
    return { kind: 'list', filter: truncateText(words.slice(1).map(normalizeWord).join(' '), maxFilterLength) };
  return parseProjectCommand(verb, words.slice(1));
}

/** The verb that a word is, aliases and upper case included; null when it is none. */
export function parseVerb(word: string): Verb | null {
  if (word === 'resume') return 'restore';
  if (word === '?') return 'help';
  return verbs.find((verb) => verb === word) ?? null;
}

function parseProjectCommand(verb: Exclude<Verb, 'help' | 'list'>, [target, ...rest]: readonly string[]): Command {
  const project = target === undefined ? null : truncateText(normalizeWord(target), 100);
  if (project === null || project === '' || project === 'because')
    return toParseFailure({ code: 'project_missing', verb });
  if (!isProjectId(project)) return toParseFailure({ code: 'no_project_id', verb, word: project });
  if (verb !== 'show' && verb !== 'precheck' && verb !== 'history') return parseAction(verb, project, rest);
  if (rest.length === 0) return { kind: verb, project };
  return toParseFailure({ code: 'extra_words', verb, project, acceptsReason: false });
}

function parseAction(action: Action, project: string, [next, ...reasonWords]: readonly string[]): Command {
  if (next === undefined) return { kind: 'act', action, project, reason: null };
  const word = normalizeWord(next);
  if (word === 'because') {
    const trimmedReasonWords = reasonWords[0]?.toLowerCase() === 'of' ? reasonWords.slice(1) : reasonWords;
    const reason = truncateText(normalizeText(trimmedReasonWords.join(' ')), maxReasonLength);
    if (reason === '') return toParseFailure({ code: 'reason_missing', verb: action, project });
    return { kind: 'act', action, project, reason };
  }
  if (word === 'for' || word === 'until') return toParseFailure({ code: 'timed_not_built_yet', verb: action, project });
  if (isProjectId(word) && reasonWords.length === 0)
    return toParseFailure({ code: 'one_project_only', verb: action, project });
  return toParseFailure({ code: 'extra_words', verb: action, project, acceptsReason: true });
}

function toParseFailure(error: ParseError): Command {
  return { kind: 'misread', error };
}

function isProjectId(word: string): boolean {
  return projectIdSchema.safeParse(word).success;
}

/** Slack sends `&`, `<` and `>` of a command as entities. */
function decodeEntities(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/**
 * A word as a name: what phones and Slack put around or into it is gone (capitals, full-width forms, quotes, formatting,
 * a comma or full stop behind it, and the wrapper of an address: `<http://acme.com|acme.com>`).
 */
function normalizeWord(word: string): string {
  const unwrapped = word.replace(/^[*_~`]*<[^<>|]*\|([^<>|]*)>/u, '$1').replace(/^<([^<>|]*)>$/u, '$1');
  return normalizeText(unwrapped.normalize('NFKC'))
    .toLowerCase()
    .replace(/^[\s*~`'"‘’‚‛“”„‟«»‹›]+|[\s*~`'"‘’‚‛“”„‟«»‹›.,;:!]+$/gu, '');
}
