import { closest } from '../domain/similar.ts';
import { unchanged, type Voice } from '../domain/words.ts';
import { type Misreading, verbOf, verbs } from './parse.ts';

/** The one sentence for each misreading: what was wrong, that nothing was changed, what to type instead. */
export function explainMisreading(misreading: Misreading, projects: readonly string[], voice: Voice): string {
  switch (misreading.code) {
    case 'unknown_verb': {
      const meant = repair(misreading.words, projects);
      const hint = meant === null ? `Type ${voice.command('help')} for what I know.` : didYouMean(meant, voice);
      return `I do not know the command ${voice.command(misreading.words.join(' '))}. ${unchanged} ${hint}`;
    }
    case 'project_missing': {
      const example = projects[0] ?? 'orders';
      return `Which project? ${unchanged} ${didYouMean(`${misreading.verb} ${example}`, voice)} ${voice.command('list')} shows them all.`;
    }
    case 'no_project_id': {
      const meant = repair([misreading.verb, misreading.word], projects);
      const hint = meant === null ? `${voice.command('list')} shows all projects.` : didYouMean(meant, voice);
      return `There is no project called ${voice.text(misreading.word)}. ${unchanged} ${hint}`;
    }
    case 'one_project_only':
      return `Only one project at a time so far. ${unchanged} Begin with ${voice.command(`${misreading.verb} ${misreading.project}`)}; a reason goes behind the word because.`;
    case 'timed_not_built_yet':
      return `For how long or until when cannot be said yet. ${unchanged} ${voice.command(`${misreading.verb} ${misreading.project}`)} works without a time.`;
    case 'reason_missing':
      return `There is no reason behind because. ${unchanged} Type one, as in ${voice.command(`${misreading.verb} ${misreading.project} because we deploy`)}, or leave the word out.`;
    case 'extra_words': {
      const plain = voice.command(`${misreading.verb} ${misreading.project}`);
      const reason = misreading.takesReason ? ' A reason goes behind the word because.' : '';
      return `I do not understand what stands behind ${voice.text(misreading.project)}. ${unchanged} Type ${plain}.${reason}`;
    }
  }
}

/** "Did you mean `/sync pause orders`?" */
export function didYouMean(words: string, voice: Voice): string {
  return `Did you mean ${voice.command(words)}?`;
}

/** What these words were most likely meant to be, verb and project both repaired; null when nothing is near. */
function repair(words: readonly string[], projects: readonly string[]): string | null {
  const [first = '', second = ''] = words;
  const verb = verbNear(first);
  const asProject = nearestProject(first, projects);
  if (asProject !== null && (verb === null || projects.includes(first)))
    return `${verbNear(second) ?? 'show'} ${asProject}`;
  if (verb === null || verb === 'help' || verb === 'list') return verb;
  const project =
    second === '' ? (projects.length === 1 ? projects[0] : '<project>') : nearestProject(second, projects);
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

function verbNear(word: string): string | null {
  if (word === '') return null;
  if (Object.hasOwn(synonyms, word)) return synonyms[word] ?? null;
  const near = verbOf(word) ?? closest(word, [...verbs, 'resume']);
  return near === null ? null : verbOf(near);
}

function nearestProject(word: string, projects: readonly string[]): string | null {
  if (word === '') return null;
  return projects.includes(word) ? word : closest(word, projects);
}
