import { firingConditions } from '../../domain/alert.ts';
import { allowedAction } from '../../domain/lifecycle.ts';
import type { ObservedProject } from '../../domain/observation.ts';
import type { ObservationStatus } from '../../domain/observation-status.ts';
import { type StateCounts, totalCount } from '../../domain/project-state.ts';
import { messages } from '../../messages/catalog.ts';
import { joinDots, type TextContext } from '../../messages/format.ts';
import { suggestedList } from '../commands/suggestions.ts';
import { actionIds, blockId, listQueryValue } from '../contract.ts';
import {
  actionsBlock,
  type Block,
  type Button,
  button,
  contextBlock,
  type Message,
  messageWithSuggestions,
  requestButton,
  sectionBlock,
} from './blocks.ts';
import { codeSpan, safeText } from './mrkdwn.ts';
import { notObservedLines } from './not-observed.ts';

export const projectsPerPage = 10;

export interface ListView extends TextContext {
  /** How many of the projects that match the filter are in each state. */
  readonly counts: StateCounts;
  /** The projects of this page. */
  readonly observedProjects: readonly ObservedProject[];
  /** Whether a syncbot worker observes the links. */
  readonly observation: ObservationStatus;
  /** From 0. */
  readonly page: number;
  readonly filter: string;
  /** Why this person can only look. Null if they may change projects here. */
  readonly restriction: string | null;
}

/** Two lines for each project and one for each firing alert. The lines fit a phone. */
export function buildList(view: ListView): Message {
  const { counts, observedProjects, page, format } = view;
  const { list, onlyYouSeeThis } = messages;
  const filter = view.filter === '' ? null : safeText(view.filter);
  const total = totalCount(counts);
  if (total === 0) {
    const text = filter === null ? list.noProjects(codeSpan('syncbot apply'), format) : list.noMatch(filter, format);
    return messageWithSuggestions(text, [suggestedList]);
  }
  const heading = list.heading(counts, filter);
  const [first] = observedProjects;
  const observedAt = first?.stats.observedAt ?? 0;
  const pageCount = Math.ceil(total / projectsPerPage);
  const paging = pagingButtons(page, pageCount, view.filter);
  const footer = joinDots(
    onlyYouSeeThis,
    pageCount > 1 ? list.page(page + 1, pageCount) : null,
    first === undefined ? null : list.showHint(first.project.id, format),
  );
  return {
    text: [heading, ...notObservedLines(view.observation, format)].join('\n'),
    blocks: [
      sectionBlock(`*${heading}*`),
      ...notObservedLines(view.observation, format).map((line) => sectionBlock(line)),
      ...observedProjects.map((observed) => projectSection(observed, view)),
      ...(paging.length > 0 ? [actionsBlock(blockId('page', page, observedAt), paging)] : []),
      contextBlock(footer),
      ...(view.restriction === null ? [] : [contextBlock(view.restriction)]),
    ],
  };
}

function projectSection({ project, stats }: ObservedProject, { format, now, restriction }: ListView): Block {
  const { alerts, format: formats, list, states } = messages;
  const action = restriction === null ? allowedAction(project.state) : null;
  const lines = [
    `*${project.id}* · ${states[project.state]}`,
    joinDots(
      formats.linkCount(project.definition.links.length),
      formats.backlog(stats),
      formats.latency(stats),
      list.since(now - project.since, format.person(project.by)),
    ),
    ...firingConditions(project.alerts)
      .filter(({ kind }) => kind !== 'project_failed')
      .map(({ kind }) => alerts.inList(kind)),
  ];
  return sectionBlock(lines, action === null ? undefined : requestButton(action, project.id));
}

function pagingButtons(page: number, pageCount: number, filter: string): Button[] {
  const pageButton = (direction: 'next' | 'previous', target: number) =>
    button({
      label: messages.buttons[direction],
      actionId: actionIds.page[direction],
      value: listQueryValue({ page: target, filter }),
      accessibilityLabel: messages.buttons.accessibilityLabels.page(messages.buttons[direction]),
    });
  return [
    ...(page > 0 ? [pageButton('previous', page - 1)] : []),
    ...(page + 1 < pageCount ? [pageButton('next', page + 1)] : []),
  ];
}
