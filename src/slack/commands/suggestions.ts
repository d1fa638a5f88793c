import { type Action, actions } from '../../domain/lifecycle.ts';
import { closestMatch, closestMatches } from '../../lib/closest-match.ts';
import { type ProjectVerb, parseVerb, type Verb, verbs } from './parse.ts';

/** A command that syncbot suggests, as a text and as a button. */
export type Suggestion =
  | { readonly verb: 'help' | 'list' }
  | { readonly verb: Exclude<ProjectVerb, Action>; readonly project: string }
  | { readonly verb: Action; readonly project: string; readonly reason: string | null };

export const maxSuggestions = 5;

/** The command as people type it, without the name of the slash command and without the reason. */
export function commandOf(suggestion: Suggestion): string {
  return 'project' in suggestion ? `${suggestion.verb} ${suggestion.project}` : suggestion.verb;
}

/** The same command for each of the projects. */
export function suggestProjects(
  verb: ProjectVerb,
  projects: readonly string[],
  reason: string | null = null,
): Suggestion[] {
  return projects
    .slice(0, maxSuggestions)
    .map((project) => (isActionVerb(verb) ? { verb, project, reason } : { verb, project }));
}

function isActionVerb(verb: ProjectVerb): verb is Action {
  return actions.some((action) => action === verb);
}

/** The commands that these words were most likely meant to be. Corrects verb and project. */
export function suggestCommands(words: readonly string[], projects: readonly string[]): Suggestion[] {
  const [first = '', second = ''] = words;
  const verb = closestVerb(first);
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
  return verb !== null && verb !== 'help' && verb !== 'list';
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
