import { closestMatch } from '../../lib/closest-match.ts';
import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import { type ParseError, parseVerb, verbs } from './parse.ts';

/** The sentence about a command that cannot be run as it was typed. */
export function explainParseError(error: ParseError, projects: readonly string[], format: Formatter): string {
  const texts = messages.commandErrors;
  switch (error.code) {
    case 'text_too_long':
      return texts.textTooLong(error.maxLength);
    case 'unknown_verb':
      return texts.unknownCommand(error.words.join(' '), suggestCommand(error.words, projects), format);
    case 'project_missing':
      return texts.projectMissing(`${error.verb} ${projects[0] ?? '<project>'}`, format);
    case 'invalid_project_id':
      return texts.unknownProject(error.word, suggestCommand([error.verb, error.word], projects), format);
    case 'one_project_only':
      return texts.oneProjectOnly(`${error.verb} ${error.project}`, format);
    case 'timed_not_supported':
      return texts.timeNotSupported(`${error.verb} ${error.project}`, format);
    case 'invalid_since':
      return texts.invalidSince(error.text, error.command, format);
    case 'reason_missing':
      return texts.reasonMissing(`${error.verb} ${error.project}`, format);
    case 'extra_words':
      return texts.extraWords({ ...error, command: `${error.verb} ${error.project}` }, format);
  }
}

/** The command that these words were most likely meant to be. Corrects verb and project. Returns null when nothing is close. */
function suggestCommand(words: readonly string[], projects: readonly string[]): string | null {
  const [first = '', second = ''] = words;
  const verb = closestVerb(first);
  if (verb === 'history' && (second === '' || second === 'since')) return ['history', ...words.slice(1)].join(' ');
  const projectMatch = closestProject(first, projects);
  if (projectMatch !== null && (verb === null || projects.includes(first)))
    return `${closestVerb(second) ?? 'show'} ${projectMatch}`;
  if (verb === null || verb === 'help' || verb === 'whoami' || verb === 'list') return verb;
  const project =
    second === '' ? (projects.length === 1 ? projects[0] : '<project>') : closestProject(second, projects);
  return project === null || project === undefined ? null : `${verb} ${project}`;
}

/** Words that people try, and the verbs that they mean. */
const synonyms: Readonly<Record<string, string>> = {
  stop: 'pause',
  suspend: 'pause',
  unpause: 'restore',
  continue: 'restore',
  status: 'list',
  ls: 'list',
  info: 'show',
  log: 'history',
  audit: 'history',
  check: 'precheck',
  who: 'whoami',
  permissions: 'whoami',
};

function closestVerb(word: string): string | null {
  if (word === '') return null;
  if (Object.hasOwn(synonyms, word)) return synonyms[word] ?? null;
  const match = parseVerb(word) ?? closestMatch(word, [...verbs, 'resume']);
  return match === null ? null : parseVerb(match);
}

function closestProject(word: string, projects: readonly string[]): string | null {
  if (word === '') return null;
  return projects.includes(word) ? word : closestMatch(word, projects);
}
