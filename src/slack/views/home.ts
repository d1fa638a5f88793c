import {
  confirmedOperations,
  type HomeFacts,
  type HomeProjects,
  type OpenDialog,
  openDialogs,
} from '../../application/home.ts';
import { attentionCause, attentionTotal } from '../../domain/attention.ts';
import { formatListFilter, type ListFilter } from '../../domain/list-filter.ts';
import type { Project } from '../../domain/project.ts';
import { totalCount } from '../../domain/project-state.ts';
import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import { listWarnings } from '../../messages/list-text.ts';
import { actionIds } from '../action-ids.ts';
import { blockId } from '../block-ids.ts';
import { suggestLists } from '../commands/suggestions.ts';
import {
  actionsBlock,
  type Block,
  type Button,
  batchDialogButton,
  commandButton,
  contextBlock,
  dialogButton,
  type Message,
  runCommandButton,
  type Select,
  sectionBlock,
} from './blocks.ts';
import { labelSelect, stateSelect } from './list-filters.ts';
import { type ListRowView, projectRow } from './list-row.ts';
import { codeSpan } from './mrkdwn.ts';
import { splitIntoSections } from './sections.ts';

/** How much each section shows. The Home of a person has at most about 50 blocks: Slack allows 100. */
export const homeLimits = { projects: 10, labels: 100 } as const;
const maxDialogs = 5;
const maxOperations = 10;
/** Slack's limit of a view is 250 kB. */
const maxLabelsJsonChars = 20_000;

export interface HomeView extends ListRowView {
  readonly home: HomeFacts;
  readonly user: string;
  readonly filter: ListFilter;
  /** The projects that match the filter. */
  readonly projects: HomeProjects;
}

/** The Home tab: what needs attention, what is Paused, the person's open dialogs and the last operations. */
export function buildHome(view: HomeView): Message {
  const { home, restriction, format } = view;
  const heading = headingLines(home, format);
  const warnings = warningLines(home, format);
  const [title = '', ...others] = heading;
  const sections = projectSections(view);
  return {
    text: [...heading, ...warnings].join('\n'),
    blocks: [
      sectionBlock([`*${title}*`, ...others]),
      ...warnings.map((line) => sectionBlock(line)),
      ...controls(view),
      ...(restriction === null ? [] : [contextBlock(restriction)]),
      ...dialogSection(view),
      ...(sections.length === 0 && formatListFilter(view.filter) !== ''
        ? [sectionBlock(messages.home.noMatch)]
        : sections),
      ...operationSection(view),
      contextBlock(messages.home.updates),
    ],
  };
}

/** How many of all projects need attention, whatever the filter is. If none does, says so only if each one was observed. */
function headingLines({ all, observation, observedAt, unreadableProjects }: HomeFacts, format: Formatter): string[] {
  const { list } = messages;
  const { counts } = all.worst;
  if (totalCount(counts.states) + unreadableProjects === 0) return [list.noProjects(codeSpan('syncbot apply'), format)];
  const states = list.counts(counts);
  if (attentionTotal(counts.attention) > 0) return [list.attention(counts.attention), states];
  const isWell = observation.kind === 'observed' && observedAt !== null && unreadableProjects === 0;
  return isWell ? [messages.home.allWell(observedAt, format), states] : [states];
}

/** What is not known. */
function warningLines({ observation, unreadableProjects }: HomeFacts, format: Formatter): string[] {
  const unreadable = unreadableProjects === 0 ? [] : [messages.home.unreadable(unreadableProjects)];
  return [...listWarnings(observation, format), ...unreadable];
}

/** The menus of filters, as below a list, and the button of the form for a command. */
function controls({ home, filter }: HomeView): Block[] {
  const state = stateSelect(filter, actionIds.homeFilter.state);
  const { labels } = home;
  const label = labelSelect(filter, {
    labels,
    maxJsonChars: maxLabelsJsonChars,
    actionId: actionIds.homeFilter.label,
  });
  const menus: Select[] = [...(state === null ? [] : [state]), ...(label.select === null ? [] : [label.select])];
  // Slack keeps what a person selected in a menu as long as the block id is the same.
  return [actionsBlock(blockId('home', formatListFilter(filter)), [...menus, runCommandButton()])];
}

function dialogSection({ home, user, restriction, format }: HomeView): Block[] {
  const dialogs = openDialogs(home, user);
  if (dialogs.length === 0) return [];
  const shown = dialogs.slice(0, maxDialogs);
  return [
    sectionBlock(`*${messages.home.titles.dialogs(dialogs.length)}*`),
    ...shown.map((dialog) =>
      sectionBlock(dialogLines(dialog, format), restriction === null ? buttonOf(dialog) : undefined),
    ),
    ...(dialogs.length > shown.length ? [sectionBlock(messages.format.more(dialogs.length - shown.length))] : []),
  ];
}

function dialogLines(dialog: OpenDialog, format: Formatter): string[] {
  const [request, projects] =
    'batch' in dialog
      ? [dialog.batch, messages.home.projects(dialog.batch.items)]
      : [dialog.operation, dialog.operation.project];
  const reason = messages.format.reason(request.reason, format, 80);
  return [
    messages.home.dialog(request, `*${projects}*`, format),
    ...(reason === null ? [] : [messages.confirmation.reason(reason)]),
  ];
}

function buttonOf(dialog: OpenDialog): Button {
  return 'batch' in dialog ? batchDialogButton(dialog.batch) : dialogButton(dialog.operation);
}

/** What needs attention and what is Paused. With a filter of states: what matches. */
function projectSections(view: HomeView): Block[] {
  const { filter, projects } = view;
  const { worst, paused } = projects;
  const { titles } = messages.home;
  if (filter.states.length + filter.alerts.length > 0) {
    const total = totalCount(worst.counts.states);
    return section(view, { title: titles.filtered(total), projects: worst.projects, total, listed: filter });
  }
  const attention = attentionTotal(worst.counts.attention);
  const needing = worst.projects.filter((project) => attentionCause(project) !== null);
  const pausedTotal = filter.attention ? 0 : totalCount(paused.counts.states);
  return [
    ...section(view, {
      title: titles.attention(attention),
      projects: needing,
      total: attention,
      listed: { ...filter, attention: true },
    }),
    ...section(view, {
      title: titles.paused(pausedTotal),
      projects: paused.projects,
      total: pausedTotal,
      listed: { ...filter, states: ['paused'] },
    }),
  ];
}

interface Section {
  readonly title: string;
  readonly projects: readonly Project[];
  /** How many there are, shown or not. */
  readonly total: number;
  /** The filter of the list that has all of them. */
  readonly listed: ListFilter;
}

/** A row for each project, and a button for the list if there are more. Empty without projects. */
function section(view: HomeView, { title, projects, total, listed }: Section): Block[] {
  if (total === 0) return [];
  const more = total - projects.length;
  const [list] = suggestLists([formatListFilter(listed)]);
  return [
    sectionBlock(`*${title}*`),
    ...projects.map((project) => projectRow({ project, stats: null }, view)),
    ...(more <= 0
      ? []
      : [sectionBlock(messages.format.more(more), list === undefined ? undefined : commandButton(list))]),
  ];
}

function operationSection({ home, format }: HomeView): Block[] {
  const shown = confirmedOperations(home).slice(0, maxOperations);
  if (shown.length === 0) return [];
  const lines = shown.map((operation) => messages.show.operation(operation, format, `*${operation.project}*`));
  return splitIntoSections([`*${messages.home.titles.operations}*`, ...lines]);
}
