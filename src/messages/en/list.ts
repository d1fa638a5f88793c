import {
  type AttentionCause,
  type AttentionCounts,
  attentionCauses,
  attentionTotal,
  type ProjectCounts,
} from '../../domain/attention.ts';
import type { AlertKind } from '../../domain/conditions.ts';
import type { Actor } from '../../domain/project.ts';
import { type ProjectState, projectStates, type StateCounts, totalCount, urgency } from '../../domain/project-state.ts';
import { type Formatter, joinDots } from '../format.ts';
import { didYouMean } from './commands.ts';
import { allOf, capitalize, formatNumber, formatReason, joinOr, pluralize } from './format.ts';
import { states } from './terms.ts';

/** How the projects are that have this alert. Follows a number, or "is". */
const alertPhrases: Readonly<Record<AlertKind, string>> = {
  project_failed: states.failed,
  unexpectedly_running: 'unexpectedly running',
  pause_ignored: 'processing tasks despite the pause',
  log_retention_100: 'past its log retention',
  log_retention_80: 'near the end of its log retention',
  log_retention_50: 'past half of its log retention',
  unexpectedly_paused: 'unexpectedly paused',
  queue_missing: 'missing a queue',
  queue_created: 'using a new queue',
  link_unreadable: 'unreadable',
  tasks_failed: 'Running with failed tasks',
  no_worker: 'without a worker',
  latency: 'too far behind',
  pause_overdue: 'Paused beyond the end of the pause',
  pause_ending: 'soon at the end of the pause',
  paused_reminder: 'Paused for a long time',
};

/** Texts of the list of projects. */
export const list = {
  /** `48 need attention: 4 Failed, 44 without a worker`. */
  attention: (counts: AttentionCounts) => {
    const total = attentionTotal(counts);
    const parts = attentionCauses
      .filter((cause) => counts[cause] > 0)
      .map((cause) => `${formatNumber(counts[cause])} ${causePhrase(cause)}`);
    return `${formatNumber(total)} ${total === 1 ? 'needs' : 'need'} attention: ${parts.join(', ')}`;
  },
  /** `60 projects: 10 Paused, 50 Running (44 without a worker)`. */
  counts: ({ states: counts, attention }: ProjectCounts) => {
    // Where no worker runs, a Running project does nothing.
    const idle = attention.no_worker === 0 ? '' : ` (${formatNumber(attention.no_worker)} ${alertPhrases.no_worker})`;
    return `${pluralize(totalCount(counts), 'project')}: ${stateCounts(counts, idle)}`;
  },
  /** Only if each project was observed lately. A filter selects a part of the projects. */
  allWell: (counts: StateCounts, isFiltered: boolean) => {
    const total = totalCount(counts);
    if (total === 1) return `1 project ${isFiltered ? 'needs no attention' : 'is well'}: ${stateCounts(counts)}`;
    const isWell = isFiltered
      ? `None of these ${formatNumber(total)} projects needs attention`
      : `${allOf(total)} projects are well`;
    return `${isWell}: ${stateCounts(counts)}`;
  },
  filter: (filter: string) => `Filter: ${filter}`,
  unobserved: (projects: number) =>
    `${pluralize(projects, 'project')} could not be observed, because a link did not answer or a record cannot be read. Failed tasks and drift there are not noticed.`,
  /** `By @bob: month-end closing`. */
  lastChange: ({ by, reason }: LastChange, format: Formatter) => {
    const given = formatReason(reason, format, 80);
    return `By ${format.person(by)}${given === null ? '' : `: ${given}`}`;
  },
  /** `A task failed on orders_eu: connection refused`. Empty if nothing is known. The name of a link keeps its case. */
  cause: (details: readonly string[], startsWithLink: boolean) =>
    startsWithLink ? joinDots(...details) : capitalize(joinDots(...details)),
  /** Follows a state or an alert: `· since 02:58`. */
  stateSince: (at: number, format: Formatter) => `since ${format.time(at)}`,
  moreAlerts: (count: number) => `and ${pluralize(count, 'more alert')}`,
  page: (page: number, pageCount: number) => `page ${page} of ${pageCount}`,
  showHint: (format: Formatter) => `${format.command('show <project>')} shows more`,
  /** Labels that do not fit into the menu. */
  moreLabels: (format: Formatter) =>
    `${format.command('list label:<label>')} filters by a label that is not in the menu`,

  filters: {
    placeholder: 'Filter',
    labelPlaceholder: 'Label',
    all: 'All',
    attention: 'Needs attention',
    allLabels: 'All labels',
  },

  /** `applyCommand` is that of the command line. */
  noProjects: (applyCommand: string, format: Formatter) =>
    `There is no project yet. The administrator of syncbot adds one to syncbot.yml and runs ${applyCommand}. Then ${format.command('list')} shows it.`,
  /** Projects exist, and none of them is so. `labels` and `words` are finished texts. */
  none: ({ attention, states: filtered, alerts, labels, words }: NoneFacts) => {
    const which = [
      ...(labels.length === 0 ? [] : [` with the label ${labels.join(' and ')}`]),
      ...(words.length === 0 ? [] : [` that matches “${words.join(' ')}”`]),
    ].join('');
    const conditions = [
      joinOr(filtered.map((state) => states[state])),
      joinOr(alerts.map((kind) => alertPhrases[kind])),
    ].filter((text) => text !== '');
    const isSo = conditions.length === 0 ? '' : ` is ${conditions.join(' and ')}`;
    const needs = attention ? `${isSo === '' ? '' : ' and'} needs attention` : '';
    return `No project${which}${isSo}${needs}.`;
  },
  unknownLabel: (label: string, filters: readonly string[], format: Formatter) =>
    `No project has the label ${label}. ${filterSuggestions(filters, format)}`,
  unknownWord: (word: string, filters: readonly string[], format: Formatter) =>
    `No project matches “${word}”. ${filterSuggestions(filters, format)}`,
  /** Their records are damaged, or another version of syncbot has stored them. */
  unreadable: (projects: number) =>
    `${pluralize(projects, 'project')} cannot be read, and no other one is stored. Another version of syncbot may have stored ${projects === 1 ? 'it' : 'them'}. The log of syncbot names ${projects === 1 ? 'it' : 'them'}.`,
  noCombination: (filter: string, format: Formatter) =>
    `No project matches all of “${filter}”. ${filterSuggestions([], format)}`,
  /** `key:value`, where the value does not exist. */
  unknownValue: (
    { key, value }: { readonly key: 'state' | 'alert'; readonly value: string },
    filters: readonly string[],
    format: Formatter,
  ) =>
    `There is no ${key === 'alert' ? 'kind of alert' : 'state'} called ${value}. ${filterSuggestions(filters, format)}`,
};

function filterSuggestions(filters: readonly string[], format: Formatter): string {
  return filters.length === 0
    ? `A filter is a state, attention, a label or a part of a name. ${format.command('list')} shows all projects.`
    : didYouMean(filters.map((filter) => format.command(`list ${filter}`)));
}

function causePhrase(cause: AttentionCause): string {
  return cause === 'failed' ? states.failed : alertPhrases[cause];
}

/** `idle` follows the Running ones. */
function stateCounts(counts: StateCounts, idle = ''): string {
  const present: ProjectState[] = projectStates.filter((state) => counts[state] > 0);
  return present
    .sort((a, b) => urgency[a] - urgency[b])
    .map((state) => `${formatNumber(counts[state])} ${states[state]}${state === 'running' ? idle : ''}`)
    .join(', ');
}

interface LastChange {
  readonly by: Actor;
  readonly reason: string | null;
}

interface NoneFacts {
  readonly attention: boolean;
  readonly states: readonly ProjectState[];
  readonly alerts: readonly AlertKind[];
  readonly labels: readonly string[];
  readonly words: readonly string[];
}
