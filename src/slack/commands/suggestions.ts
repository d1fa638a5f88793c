import { type Action, actions } from '../../domain/lifecycle.ts';
import { closestMatch, closestMatches } from '../../lib/closest-match.ts';
import { parseSince } from '../../lib/since-time.ts';
import { type ProjectVerb, parseVerb, type Verb, verbs } from './parse.ts';

/** A command that syncbot suggests, as a text and as a button. */
export type Suggestion =
  | { readonly verb: Exclude<Verb, ProjectVerb> }
  | { readonly verb: Exclude<ProjectVerb, Action | 'history'>; readonly project: string }
  | HistorySuggestion
  | { readonly verb: Action; readonly project: string; readonly reason: string | null };

export interface HistorySuggestion {
  readonly verb: 'history';
  /** Null for all projects. */
  readonly project: string | null;
  /** A text that `parseSince` can read. */
  readonly since: string | null;
}

export const maxSuggestions = 5;

/** The command as people type it, without the name of the slash command and without the reason. */
export function commandOf(suggestion: Suggestion): string {
  const project = 'project' in suggestion && suggestion.project !== null ? ` ${suggestion.project}` : '';
  const since = 'since' in suggestion && suggestion.since !== null ? ` since ${suggestion.since}` : '';
  return `${suggestion.verb}${project}${since}`;
}

/** The same command for each of the projects. */
export function suggestProjects(
  verb: ProjectVerb,
  projects: readonly string[],
  reason: string | null = null,
): Suggestion[] {
  return projects.slice(0, maxSuggestions).map((project) => {
    if (verb === 'history') return { verb, project, since: null };
    return isActionVerb(verb) ? { verb, project, reason } : { verb, project };
  });
}

function isActionVerb(verb: ProjectVerb): verb is Action {
  return actions.some((action) => action === verb);
}

/** The commands that these words were most likely meant to be. Corrects verb and project. */
export function suggestCommands(words: readonly string[], projects: readonly string[]): Suggestion[] {
  const [first = '', second = ''] = words;
  const verb = closestVerb(first);
  if (verb === 'history' && (second === '' || second === 'since')) {
    const since = words.slice(2).join(' ');
    return [{ verb, project: null, since: parseSince(since) === null ? null : since }];
  }
  const matches = closestProjects(first, projects);
  if (matches.length > 0 && (verb === null || projects.includes(first))) {
    const secondVerb = closestVerb(second);
    return suggestProjects(isProjectVerb(secondVerb) ? secondVerb : 'show', matches);
  }
  if (verb === null) return [];
  if (!isProjectVerb(verb)) return [{ verb }];
  return suggestProjects(verb, second === '' ? projects : closestProjects(second, projects));
}

function isProjectVerb(verb: Verb | null): verb is ProjectVerb {
  return verb !== null && verb !== 'help' && verb !== 'whoami' && verb !== 'list';
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

function closestVerb(word: string): Verb | null {
  if (word === '') return null;
  const match = Object.hasOwn(synonyms, word) ? synonyms[word] : closestMatch(word, [...verbs, 'resume']);
  return parseVerb(match ?? word);
}

function closestProjects(word: string, projects: readonly string[]): string[] {
  if (word === '') return [];
  return projects.includes(word) ? [word] : closestMatches(word, projects, maxSuggestions);
}
