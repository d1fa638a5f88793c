import { openFindings } from '../../domain/alert.ts';
import { alertTitle } from '../../domain/alert-words.ts';
import { backlogPhrase, latencyPhrase } from '../../domain/figures-words.ts';
import { allowedAction, urgency } from '../../domain/lifecycle.ts';
import type { ObservedProject } from '../../domain/observation.ts';
import { projectStates, stateTitles } from '../../domain/project.ts';
import { type StateCounts, totalOf } from '../../domain/state-counts.ts';
import { count, dotted, number } from '../../domain/words.ts';
import { actionsRow, askButton, type Block, type Button, button, context, type Message, section } from '../blocks.ts';
import { actionIds, blockId, pageValue } from '../contract.ts';
import { safeText } from '../mrkdwn.ts';
import { linksPhrase, type Scene, sincePhrase, title } from './phrases.ts';

export const projectsPerPage = 10;

export interface ListView extends Scene {
  /** How many of those that fit the filter are in each state. */
  readonly counts: StateCounts;
  /** Those of this page, with live figures. */
  readonly shown: readonly ObservedProject[];
  /** From 0. */
  readonly page: number;
  readonly filter: string;
}

/** The console's Synchronization Projects page, for a phone: two lines a project. */
export function buildList(view: ListView): Message {
  const { counts, shown, page, filter, voice } = view;
  const total = totalOf(counts);
  if (total === 0) return emptyList(view);
  const fitting = filter === '' ? '' : ` for “${safeText(filter)}”`;
  const heading = `${count(total, 'project')}${fitting}: ${countsPhrase(counts)}`;
  const version = shown[0]?.figures.observedAt ?? 0;
  const pages = Math.ceil(total / projectsPerPage);
  const paging = pagingButtons(page, pages, filter);
  const footer = dotted(
    'Only you can see this',
    pages > 1 ? `page ${page + 1} of ${pages}` : null,
    `${voice.command('show <project>')} tells more`,
  );
  return {
    text: heading,
    blocks: [
      section(`*${heading}*`),
      ...shown.map((observed) => projectLines(observed, view)),
      ...(paging.length > 0 ? [actionsRow(blockId('page', page, version), paging)] : []),
      context(footer),
    ],
  };
}

function projectLines({ project, figures }: ObservedProject, scene: Scene): Block {
  const action = allowedAction(project.state);
  const lines = [
    `*${project.id}* · ${title(project.state)}`,
    dotted(linksPhrase(project), backlogPhrase(figures), latencyPhrase(figures), sincePhrase(project, scene)),
    ...openFindings(project.alerts)
      .filter(({ kind }) => kind !== 'failed')
      .map(({ kind }) => `Alert: ${alertTitle(kind)}`),
  ];
  return section(lines, action === null ? undefined : askButton(action, project.id));
}

/** `1 Failed, 2 Running`, the worst first. */
function countsPhrase(counts: StateCounts): string {
  return [...projectStates]
    .sort((a, b) => urgency[a] - urgency[b])
    .filter((state) => counts[state] > 0)
    .map((state) => `${number(counts[state])} ${stateTitles[state]}`)
    .join(', ');
}

function pagingButtons(page: number, pages: number, filter: string): Button[] {
  const to = (label: 'Next' | 'Previous', target: number) =>
    button({
      label,
      actionId: label === 'Next' ? actionIds.page.next : actionIds.page.previous,
      value: pageValue({ page: target, filter }),
      spoken: `${label} page`,
    });
  return [...(page > 0 ? [to('Previous', page - 1)] : []), ...(page + 1 < pages ? [to('Next', page + 1)] : [])];
}

function emptyList({ filter, voice }: ListView): Message {
  const text =
    filter === ''
      ? `There is no project yet. Whoever runs syncbot adds one to syncbot.yml and runs ${'`syncbot apply`'}; then ${voice.command('list')} shows it.`
      : `No project fits “${safeText(filter)}”. Type ${voice.command('list')} for all of them; a filter is a state, a label or a part of a name.`;
  return { text, blocks: [section(text)] };
}
