import { isReservedWord } from '../../domain/project.ts';
import { parseSince } from '../../lib/since-time.ts';
import { parseLimit } from '../../lib/time-limit.ts';
import { normalizeText, truncateText } from '../views/mrkdwn.ts';
import { type Command, invalid, type ProjectVerb, type Verb, verbs } from './command.ts';
import { hasSelectionWord, maxLimitTextLength, parseAction, parseSelectionCommand } from './parse-change.ts';
import { removeWhenCaughtUp, withWhenCaughtUp } from './when-caught-up.ts';
import { decodeEntities, normalizeProject, normalizeWord, unwrapLink } from './words.ts';

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
  if (isSince(first)) return parseHistorySince(null, words.slice(1));
  // One word can also be the name of a project.
  if (words.length > 1 && isPastTime(words))
    return invalid({ code: 'since_missing', project: null, text: timeText(words) });
  return parseProjectCommand('history', words);
}

function isSince(word: string | undefined): boolean {
  return word !== undefined && normalizeWord(word) === 'since';
}

function isPastTime(words: readonly string[]): boolean {
  return words.length > 0 && parseSince(timeText(words)) !== null;
}

function timeText(words: readonly string[]): string {
  return truncateText(words.map(normalizeWord).join(' '), 100);
}

function parseHistorySince(project: string | null, words: readonly string[]): Command {
  const text = timeText(words);
  const since = parseSince(text);
  if (since !== null) return { kind: 'history', project, since };
  return invalid({ code: 'invalid_since', project, text });
}

function parseProjectCommand(verb: ProjectVerb, words: readonly string[]): Command {
  const time = verb === 'extend' ? durationText(words) : '';
  if (time !== '' && parseLimit('for', time).kind === 'limit') return invalid({ code: 'project_missing', verb, time });
  const [target, ...rest] = words;
  const isChange = verb === 'start' || verb === 'pause' || verb === 'restore';
  if (isChange) {
    const { isFound, otherWords } = removeWhenCaughtUp(words);
    if (isFound) return withWhenCaughtUp(parseProjectCommand(verb, otherWords));
  }
  if (isChange && hasSelectionWord(words)) return parseSelectionCommand(verb, words);
  const project = target === undefined ? null : normalizeProject(target);
  if (project === null || project === '' || project === 'because')
    return invalid({ code: 'project_missing', verb, time: '' });
  if (isReservedWord(project)) return invalid({ code: 'invalid_project_id', verb, word: project });
  if (isChange) return parseAction(verb, project, rest);
  if (verb === 'extend') return { kind: 'extend', project, duration: durationText(rest) };
  if (verb === 'history' && isSince(rest[0])) return parseHistorySince(project, rest.slice(1));
  if (verb === 'history' && isPastTime(rest)) return invalid({ code: 'since_missing', project, text: timeText(rest) });
  if (rest.length > 0) return invalid({ code: 'extra_words', verb, project });
  return verb === 'history' ? { kind: verb, project, since: null } : { kind: verb, project };
}

/** `extend orders 1h`, `extend orders by 1h`. */
function durationText(words: readonly string[]): string {
  const text = words.map(normalizeWord).join(' ');
  return truncateText(text.replace(/^(?:by|for) /, ''), maxLimitTextLength);
}
