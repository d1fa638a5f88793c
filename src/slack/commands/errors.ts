import { closestMatch } from '../../lib/closest-match.ts';
import { type Formatter, nothingChanged } from '../../messages/format.ts';
import { type ParseError, parseVerb, verbs } from './parse.ts';

/** The one sentence for each misreading: what was wrong, that nothing was changed, what to type instead. */
export function explainParseError(error: ParseError, projects: readonly string[], format: Formatter): string {
  switch (error.code) {
    case 'unknown_verb': {
      const suggestion = suggestCommand(error.words, projects);
      const hint =
        suggestion === null ? `Type ${format.command('help')} for what I know.` : didYouMean(suggestion, format);
      return `I do not know the command ${format.command(error.words.join(' '))}. ${nothingChanged} ${hint}`;
    }
    case 'project_missing': {
      const example = projects[0] ?? 'orders';
      return `Which project? ${nothingChanged} ${didYouMean(`${error.verb} ${example}`, format)} ${format.command('list')} shows them all.`;
    }
    case 'invalid_project_id': {
      const suggestion = suggestCommand([error.verb, error.word], projects);
      const hint =
        suggestion === null ? `${format.command('list')} shows all projects.` : didYouMean(suggestion, format);
      return `There is no project called ${format.text(error.word)}. ${nothingChanged} ${hint}`;
    }
    case 'one_project_only':
      return `Only one project at a time so far. ${nothingChanged} Begin with ${format.command(`${error.verb} ${error.project}`)}; a reason goes behind the word because.`;
    case 'timed_not_supported':
      return `For how long or until when cannot be said yet. ${nothingChanged} ${format.command(`${error.verb} ${error.project}`)} works without a time.`;
    case 'reason_missing':
      return `There is no reason behind because. ${nothingChanged} Type one, as in ${format.command(`${error.verb} ${error.project} because we deploy`)}, or leave the word out.`;
    case 'extra_words': {
      const command = format.command(`${error.verb} ${error.project}`);
      const reason = error.acceptsReason ? ' A reason goes behind the word because.' : '';
      return `I do not understand what stands behind ${format.text(error.project)}. ${nothingChanged} Type ${command}.${reason}`;
    }
  }
}

/** "Did you mean `/sync pause orders`?" */
export function didYouMean(words: string, format: Formatter): string {
  return `Did you mean ${format.command(words)}?`;
}

/** What these words were most likely meant to be, verb and project both repaired; null when nothing is near. */
function suggestCommand(words: readonly string[], projects: readonly string[]): string | null {
  const [first = '', second = ''] = words;
  const verb = closestVerb(first);
  const projectMatch = closestProject(first, projects);
  if (projectMatch !== null && (verb === null || projects.includes(first)))
    return `${closestVerb(second) ?? 'show'} ${projectMatch}`;
  if (verb === null || verb === 'help' || verb === 'list') return verb;
  const project =
    second === '' ? (projects.length === 1 ? projects[0] : '<project>') : closestProject(second, projects);
  return project === null || project === undefined ? null : `${verb} ${project}`;
}

/** Words that people try, and what they mean by them. */
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
