import { exampleTimes } from '../../lib/since-time.ts';
import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import type { ParseError } from './command.ts';
import {
  changesProject,
  commandOf,
  type Suggestion,
  suggestCommands,
  suggestedHelp,
  suggestedList,
  suggestHistory,
  suggestProject,
  suggestProjects,
} from './suggestions.ts';

export interface ParseErrorAnswer {
  /** The sentence about a command that cannot be run as it was typed. */
  readonly text: string;
  readonly suggestions: readonly Suggestion[];
}

/** `projects` are the candidates for a missing or misspelled name, the most likely ones first. */
export function explainParseError(error: ParseError, projects: readonly string[], format: Formatter): ParseErrorAnswer {
  const { text, suggestions } = explain(error, projects, format);
  const changing = suggestions.filter(changesProject).length;
  return { text: changing === 0 ? text : `${text} ${messages.commandErrors.asksFirst(changing)}`, suggestions };
}

function explain(error: ParseError, projects: readonly string[], format: Formatter): ParseErrorAnswer {
  const texts = messages.commandErrors;
  switch (error.code) {
    case 'text_too_long':
      return { text: texts.textTooLong(error.maxLength), suggestions: [] };
    case 'unknown_verb': {
      const suggestions = suggestCommands(error.words, projects);
      const text = texts.unknownCommand(error.words.join(' '), suggestions.map(commandOf), format);
      return { text, suggestions: suggestions.length === 0 ? [suggestedHelp] : suggestions };
    }
    case 'project_missing': {
      const { verb, time } = error;
      const limit = verb === 'extend' ? time || '1h' : null;
      const suggestions = suggestProjects(verb, projects, { limit });
      const example = commandOf(suggestions[0] ?? suggestProject(verb, '<project>', { limit }));
      const text = texts.projectMissing({ example, time }, format);
      return { text, suggestions: [...suggestions, suggestedList] };
    }
    case 'invalid_project_id': {
      const suggestions = suggestCommands([error.verb, error.word], projects);
      const text = texts.unknownProject(error.word, suggestions.map(commandOf), format);
      return { text, suggestions: suggestions.length === 0 ? [suggestedList] : suggestions };
    }
    case 'invalid_since': {
      const command = error.project === null ? 'history' : `history ${error.project}`;
      const text = texts.invalidSince(error.text, command, format);
      return { text, suggestions: suggestHistory(error.project, Object.values(exampleTimes)) };
    }
    case 'since_missing': {
      const suggestions = suggestHistory(error.project, [error.text]);
      const [command = ''] = suggestions.map(commandOf);
      return { text: texts.sinceMissing({ time: error.text, command }, format), suggestions };
    }
    case 'unclear_names': {
      const { verb, project, others, reason, limit } = error;
      const all = suggestProject(verb, [project, ...others].join(' '), { limit });
      const one = suggestProject(verb, project, { limit, reason });
      const suggestions = [all, one, ...suggestProjects(verb, others, { limit })];
      const commands = { all: commandOf(all), one: commandOf(one) };
      return { text: messages.selection.unclear({ ...commands, others, reason }, format), suggestions };
    }
    case 'unclear_limit': {
      const { project, text, limit, reason } = error;
      const suggestion = suggestProject('pause', project, { limit, reason });
      const facts = { text, limited: commandOf(suggestion), unlimited: `pause ${project}` };
      return { text: texts.unclearLimit(facts, format), suggestions: [suggestion] };
    }
    case 'unknown_state':
      return { text: messages.selection.unknownState(error.value, format), suggestions: [suggestedHelp] };
    case 'except_missing': {
      const text = messages.selection.exceptMissing(`${error.verb} ${error.project}`, format);
      return { text, suggestions: [suggestedHelp] };
    }
    case 'unknown_name': {
      const { verb, name, selection, corrected } = error;
      const suggestions = suggestProjects(verb, corrected);
      const { unknownName, mayBeReason } = messages.selection;
      const text = `${unknownName({ name, command: `${verb} ${selection}` }, format)} ${mayBeReason}`;
      return { text, suggestions: suggestions.length === 0 ? [suggestedList] : suggestions };
    }
    case 'selection_empty':
      return { text: messages.selection.empty(error, format), suggestions: [suggestedList] };
    case 'reason_missing':
    case 'extra_words': {
      const suggestions = suggestProjects(error.verb, [error.project]);
      return { text: aboutOneProject(error, format), suggestions };
    }
  }
}

type OneProjectError = Extract<ParseError, { readonly code: 'reason_missing' | 'extra_words' }>;

function aboutOneProject(error: OneProjectError, format: Formatter): string {
  const texts = messages.commandErrors;
  const command = `${error.verb} ${error.project}`;
  switch (error.code) {
    case 'reason_missing':
      return texts.reasonMissing(command, format);
    case 'extra_words':
      return texts.extraWords({ ...error, command }, format);
  }
}
