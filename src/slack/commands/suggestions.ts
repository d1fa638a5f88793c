import { closestMatch, closestMatches } from '../../lib/closest-match.ts';
import { parseSince } from '../../lib/since-time.ts';
import { type ProjectVerb, type Verb, verbs } from './command.ts';
import { parseVerb } from './parse.ts';

/** A command that syncbot suggests, as a text and as a button. */
export interface Suggestion {
  readonly verb: Verb;
  /** Null if the verb needs none, or if it is about all projects. */
  readonly project: string | null;
  /** A text that `parseSince` can read. */
  readonly since: string | null;
  /** The filter of a list. */
  readonly filter: string | null;
  readonly reason: string | null;
  /** The limit of a pause, such as `for 2h`, or the duration of an extension. */
  readonly limit: string | null;
}

const nothingMore = { project: null, since: null, filter: null, reason: null, limit: null };
export const suggestedList: Suggestion = { ...nothingMore, verb: 'list' };
export const suggestedHelp: Suggestion = { ...nothingMore, verb: 'help' };

/** Whether the command asks for OK before it changes a project. */
export function changesProject({ verb }: Pick<Suggestion, 'verb'>): boolean {
  return verb === 'start' || verb === 'pause' || verb === 'restore';
}

const maxSuggestions = 5;

/** The command as people type it, without the name of the slash command and without the reason. */
export function commandOf({ verb, project, since, filter, limit }: Suggestion): string {
  const parts = [verb, project, since === null ? null : `since ${since}`, filter, limit];
  return parts.filter((part) => part !== null).join(' ');
}

/** The list with each of the filters. */
export function suggestLists(filters: readonly string[]): Suggestion[] {
  return filters.slice(0, maxSuggestions).map((filter) => ({ ...suggestedList, filter }));
}

type ChangeDetails = Partial<Pick<Suggestion, 'reason' | 'limit'>>;

export function suggestProject(
  verb: ProjectVerb,
  project: string,
  { reason = null, limit = null }: ChangeDetails = {},
): Suggestion {
  return { ...nothingMore, verb, project, reason, limit };
}

/** The same command for each of the projects. */
export function suggestProjects(
  verb: ProjectVerb,
  projects: readonly string[],
  details: ChangeDetails = {},
): Suggestion[] {
  return projects.slice(0, maxSuggestions).map((project) => suggestProject(verb, project, details));
}

/** The skipped tasks of a project. */
export function suggestSkipped(project: string): Suggestion {
  return { ...nothingMore, verb: 'skipped', project };
}

/** The history of a project, or of all, since each of these times. */
export function suggestHistory(project: string | null, times: readonly string[]): Suggestion[] {
  return times.map((since) => ({ ...nothingMore, verb: 'history', project, since }));
}

/** The commands that these words were most likely meant to be. Corrects verb and project. */
export function suggestCommands(words: readonly string[], projects: readonly string[]): Suggestion[] {
  const [first = '', second = ''] = words;
  const verb = closestVerb(first);
  if (verb === 'history' && (second === '' || second === 'since')) {
    const since = words.slice(2).join(' ');
    return [{ ...nothingMore, verb, since: parseSince(since) === null ? null : since }];
  }
  const matches = closestProjects(first, projects);
  if (matches.length > 0 && (verb === null || projects.includes(first))) {
    const secondVerb = closestVerb(second);
    return suggestProjects(isProjectVerb(secondVerb) ? secondVerb : 'show', matches);
  }
  if (verb === null) return [];
  if (!isProjectVerb(verb)) {
    // `status orders` is about one project.
    const named = verb === 'list' ? closestProjects(second, projects) : [];
    return named.length > 0 ? suggestProjects('show', named) : [{ ...nothingMore, verb }];
  }
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
  retry: 'skipped',
  skip: 'skipped',
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
