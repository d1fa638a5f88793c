import { firingConditions } from '../../domain/alert.ts';
import { allowedAction, urgency } from '../../domain/lifecycle.ts';
import type { ObservedProject } from '../../domain/observation.ts';
import { projectStates, stateTitles } from '../../domain/project.ts';
import { type StateCounts, totalCount } from '../../domain/state-counts.ts';
import { alertTitle } from '../../messages/alerts.ts';
import { formatBacklog, formatLatency, formatNumber, joinDots, pluralize } from '../../messages/format.ts';
import { actionIds, blockId, listQueryValue } from '../contract.ts';
import {
  actionsBlock,
  type Block,
  type Button,
  button,
  contextBlock,
  type Message,
  requestButton,
  sectionBlock,
} from './blocks.ts';
import { formatLinkCount, formatSince, stateTitle, type ViewContext } from './context.ts';
import { safeText } from './mrkdwn.ts';

export const projectsPerPage = 10;

export interface ListView extends ViewContext {
  /** How many of those that fit the filter are in each state. */
  readonly counts: StateCounts;
  /** Those of this page, with live figures. */
  readonly observedProjects: readonly ObservedProject[];
  /** From 0. */
  readonly page: number;
  readonly filter: string;
}

/** The console's Synchronization Projects page, for a phone: two lines a project. */
export function buildList(view: ListView): Message {
  const { counts, observedProjects, page, filter, format } = view;
  const total = totalCount(counts);
  if (total === 0) return emptyList(view);
  const filterPhrase = filter === '' ? '' : ` for “${safeText(filter)}”`;
  const heading = `${pluralize(total, 'project')}${filterPhrase}: ${formatStateCounts(counts)}`;
  const version = observedProjects[0]?.stats.observedAt ?? 0;
  const pageCount = Math.ceil(total / projectsPerPage);
  const paging = pagingButtons(page, pageCount, filter);
  const footer = joinDots(
    'Only you can see this',
    pageCount > 1 ? `page ${page + 1} of ${pageCount}` : null,
    `${format.command('show <project>')} tells more`,
  );
  return {
    text: heading,
    blocks: [
      sectionBlock(`*${heading}*`),
      ...observedProjects.map((observed) => projectSection(observed, view)),
      ...(paging.length > 0 ? [actionsBlock(blockId('page', page, version), paging)] : []),
      contextBlock(footer),
    ],
  };
}

function projectSection({ project, stats }: ObservedProject, context: ViewContext): Block {
  const action = allowedAction(project.state);
  const lines = [
    `*${project.id}* · ${stateTitle(project.state)}`,
    joinDots(formatLinkCount(project), formatBacklog(stats), formatLatency(stats), formatSince(project, context)),
    ...firingConditions(project.alerts)
      .filter(({ kind }) => kind !== 'project_failed')
      .map(({ kind }) => `Alert: ${alertTitle(kind)}`),
  ];
  return sectionBlock(lines, action === null ? undefined : requestButton(action, project.id));
}

/** `1 Failed, 2 Running`, the worst first. */
function formatStateCounts(counts: StateCounts): string {
  return [...projectStates]
    .sort((a, b) => urgency[a] - urgency[b])
    .filter((state) => counts[state] > 0)
    .map((state) => `${formatNumber(counts[state])} ${stateTitles[state]}`)
    .join(', ');
}

function pagingButtons(page: number, pageCount: number, filter: string): Button[] {
  const pageButton = (label: 'Next' | 'Previous', target: number) =>
    button({
      label,
      actionId: label === 'Next' ? actionIds.page.next : actionIds.page.previous,
      value: listQueryValue({ page: target, filter }),
      accessibilityLabel: `${label} page`,
    });
  return [
    ...(page > 0 ? [pageButton('Previous', page - 1)] : []),
    ...(page + 1 < pageCount ? [pageButton('Next', page + 1)] : []),
  ];
}

function emptyList({ filter, format }: ListView): Message {
  const text =
    filter === ''
      ? `There is no project yet. Whoever runs syncbot adds one to syncbot.yml and runs ${'`syncbot apply`'}; then ${format.command('list')} shows it.`
      : `No project fits “${safeText(filter)}”. Type ${format.command('list')} for all of them; a filter is a state, a label or a part of a name.`;
  return { text, blocks: [sectionBlock(text)] };
}
