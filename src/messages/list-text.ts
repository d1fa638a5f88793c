import type { Acknowledgement } from '../domain/acknowledgement.ts';
import { firingConditions } from '../domain/alert.ts';
import { attentionCause, attentionTotal, type ProjectCounts } from '../domain/attention.ts';
import { type Condition, sampledLinks } from '../domain/conditions.ts';
import { formatListFilter, type ListFilter, type NoMatch, type UnknownFilterValue } from '../domain/list-filter.ts';
import type { ObservedProject } from '../domain/observation.ts';
import type { ObservationStatus } from '../domain/observation-status.ts';
import { activeDeadline } from '../domain/pause-timer.ts';
import type { Project } from '../domain/project.ts';
import { totalCount } from '../domain/project-state.ts';
import { messages } from './catalog.ts';
import type { HistoryContext } from './facts.ts';
import { type Formatter, joinDots } from './format.ts';
import { alertText } from './render.ts';

export interface ListFacts {
  /** Counts the projects that match the filter. */
  readonly counts: ProjectCounts;
  readonly filter: ListFilter;
  /** Whether a syncbot worker observes the links. */
  readonly observation: ObservationStatus;
  /** The projects whose links were read for this list. */
  readonly observedProjects: readonly ObservedProject[];
}

/** The lines above a list: how many projects need attention, else that all are well, then the states and the filter. */
export function listHeading(
  { counts, filter, observation, observedProjects }: ListFacts,
  format: Formatter,
): [string, ...string[]] {
  const { list } = messages;
  const attention = attentionTotal(counts.attention);
  const areReached = observedProjects.every(({ stats }) => stats.links.every(({ kind }) => kind !== 'unreachable'));
  const areWell = attention === 0 && areReached && observation.kind === 'observed';
  const filterText = formatListFilter(filter);
  const states = areWell ? list.allWell(counts.states, filterText !== '') : list.counts(counts);
  const filterLines = filterText === '' ? [] : [list.filter(format.text(filterText))];
  if (attention === 0) return [states, ...filterLines];
  const statesLines = attention < totalCount(counts.states) ? [states] : [];
  return [list.attention(counts.attention), ...statesLines, ...filterLines];
}

/** A warning if not every project was observed lately. */
export function listWarnings(observation: ObservationStatus, format: Formatter): string[] {
  switch (observation.kind) {
    case 'observed':
      return [];
    case 'partly_observed':
      return [messages.list.unobserved(observation.unobservedProjects)];
    case 'not_observed':
      return [messages.observation.warning(observation.since, format)];
  }
}

/** Why no project matches the filter. */
export function noMatchText(
  reason: Exclude<NoMatch, { readonly kind: 'no_projects' }>,
  filter: ListFilter,
  format: Formatter,
): string {
  const { list } = messages;
  const shorten = (text: string) => format.text(text, 50);
  switch (reason.kind) {
    case 'unreadable':
      return list.unreadable(reason.projects);
    case 'none':
      return list.none({ ...filter, labels: filter.labels.map(shorten), words: filter.words.map(shorten) });
    case 'unknown_label':
      return list.unknownLabel(shorten(reason.text), reason.similar, format);
    case 'unknown_word':
      return list.unknownWord(shorten(reason.text), reason.similar, format);
    case 'no_combination':
      return list.noCombination(format.text(formatListFilter(filter)), format);
  }
}

/** A filter that cannot be read. `similar`: filters that may have been meant. */
export function unknownFilterText(unknown: UnknownFilterValue, similar: readonly string[], format: Formatter): string {
  return messages.list.unknownValue({ key: unknown.key, value: format.text(unknown.value, 50) }, similar, format);
}

/** What a list says about one project. */
export interface ListRow {
  /** Its state, and the most urgent alert: `Failed`, `No worker`, `Paused · Queue missing`, `Paused, but a link runs`. */
  readonly event: string;
  /** Why it is Failed, or the scope of the alert. Null if no alert fires. */
  readonly cause: string | null;
  /** When the alert began, else when the state did. Epoch ms. */
  readonly since: number;
  /** How many more alerts fire. */
  readonly moreAlerts: number;
  /** Of the alert. Null without one. */
  readonly acknowledgement: Acknowledgement | null;
}

export function listRow(project: Project, { format, revealReasons }: HistoryContext): ListRow {
  const { state, since } = project;
  const condition = worstCondition(project);
  const wait = waitText(project, format);
  if (condition === null) {
    const deadline = activeDeadline(project);
    const end = deadline === null ? null : messages.pauseLimits.until(deadline.at, format);
    const event = [messages.states[state], end].filter((part) => part !== null).join(' ');
    return { event: joinDots(event, wait), cause: null, since, moreAlerts: 0, acknowledgement: null };
  }
  const { event, details } = alertText(condition, { project, format, revealReasons });
  const { alert } = project.alerts[condition.kind] ?? {};
  const acknowledgement = alert?.state === 'firing' ? (alert.acknowledgement ?? null) : null;
  const moreAlerts = firingConditions(project.alerts).filter(({ kind }) => isOther(kind, condition)).length;
  // A repeated failure is one of the same state.
  if (condition.kind === 'project_failed')
    return {
      event: messages.states[state],
      cause: causeText(details.slice(0, 1), condition, format),
      since,
      moreAlerts,
      acknowledgement,
    };
  const stateName = messages.states[state];
  return {
    event: joinDots(event.startsWith(stateName) || state === 'running' ? event : joinDots(stateName, event), wait),
    cause: causeText(details, condition, format),
    since: event === stateName ? since : (alert?.since ?? since),
    moreAlerts,
    acknowledgement,
  };
}

/** The pause that waits until the project has caught up. Null if none does. */
function waitText({ state, waitingPause }: Project, format: Formatter): string | null {
  return state === 'running' && waitingPause !== null ? messages.catchUp.listed(waitingPause, format) : null;
}

function causeText(details: readonly string[], condition: Condition, format: Formatter): string {
  const [start = ''] = details;
  const startsWithLink = sampledLinks(condition).some((link) => start.startsWith(format.link(link)));
  return messages.list.cause(details, startsWithLink);
}

function isOther(kind: Condition['kind'], { kind: shown }: Condition): boolean {
  return kind !== shown && kind !== 'project_failed';
}

/** The condition that the project needs attention for, else another alert that fires, or null. */
function worstCondition(project: Project): Condition | null {
  const { state, since, failure, alerts } = project;
  const firing = firingConditions(alerts);
  const cause = attentionCause({ state, alerts });
  if (cause !== 'failed') {
    const others = firing.filter(({ kind }) => kind !== 'project_failed');
    return others.find(({ kind }) => kind === cause) ?? others[0] ?? null;
  }
  const failed = firing.find((condition) => condition.kind === 'project_failed' && condition.since === since);
  return failed ?? { kind: 'project_failed', since, failure };
}
