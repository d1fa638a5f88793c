import { firingConditions } from '../../domain/alert.ts';
import { linkName } from '../../domain/link.ts';
import { hasQueue, isNotConfigured, type LinkObservation, type ObservedProject } from '../../domain/observation.ts';
import { hasProblem, worstLinksFirst } from '../../domain/worst-links.ts';
import { messages } from '../../messages/catalog.ts';
import { joinDots } from '../../messages/format.ts';
import { actionIds } from '../action-ids.ts';
import { blockId } from '../block-ids.ts';
import { type LinksQuery, linksQueryValue } from '../button-values.ts';
import { actionsBlock, type Block, type Button, button, contextBlock, type Message, sectionBlock } from './blocks.ts';
import { codeSpan } from './mrkdwn.ts';
import { splitIntoSections } from './sections.ts';

/** How many links `show` has. */
const maxWorstLinks = 5;
const linksPerPage = 20;
/** A name of a link has at most one line of a phone. */
const maxNameChars = 40;

/** The worst links of a project, one line for each, and the button for all of them if there are more. */
export function worstLinks({ project, stats }: ObservedProject): Block[] {
  const { links } = messages;
  const total = stats.links.length;
  const lines = worstLinksFirst(stats.links).slice(0, maxWorstLinks).map(linkLine);
  const title = links.title(
    total,
    lines.length,
    hasProblem(stats.links) || firingConditions(project.alerts).length > 0,
  );
  return [
    sectionBlock([`*${title}*`, ...lines]),
    ...(total > lines.length
      ? [actionsBlock(blockId('links', project.id), [linksButton('all', { project: project.id, page: 0 })])]
      : []),
  ];
}

export interface LinkPageView extends ObservedProject {
  /** From 0. */
  readonly page: number;
  /** Epoch ms of the bot's Redis server. It makes the ids of the blocks different. */
  readonly now: number;
}

/** A page of all links of a project, the worst first. The last page if the requested one does not exist. */
export function buildLinkPage({ project, stats, page, now }: LinkPageView): Message {
  const { links, list, states, onlyYouSeeThis } = messages;
  const total = stats.links.length;
  const pageCount = Math.max(1, Math.ceil(total / linksPerPage));
  const shown = Math.min(page, pageCount - 1);
  const lines = worstLinksFirst(stats.links)
    .slice(shown * linksPerPage, (shown + 1) * linksPerPage)
    .map(linkLine);
  const facts = joinDots(states[project.state], links.title(total, total, false));
  const paging = [
    ...(shown > 0 ? [linksButton('previous', { project: project.id, page: shown - 1 })] : []),
    ...(shown + 1 < pageCount ? [linksButton('next', { project: project.id, page: shown + 1 })] : []),
  ];
  return {
    text: joinDots(project.id, facts),
    blocks: [
      ...splitIntoSections([joinDots(`*${project.id}*`, facts), ...lines]),
      ...(paging.length > 0 ? [actionsBlock(blockId('links', project.id, shown, now), paging)] : []),
      contextBlock(joinDots(onlyYouSeeThis, pageCount > 1 ? list.page(shown + 1, pageCount) : null)),
    ],
  };
}

function linksButton(target: 'all' | 'next' | 'previous', query: LinksQuery): Button {
  const { buttons } = messages;
  const label = target === 'all' ? buttons.allLinks : buttons[target];
  const accessibilityLabel =
    target === 'all'
      ? buttons.accessibilityLabels.onProject(label, query.project)
      : buttons.accessibilityLabels.page(label);
  return button({ label, actionId: actionIds.links[target], value: linksQueryValue(query), accessibilityLabel });
}

function linkLine(observation: LinkObservation): string {
  const { links } = messages;
  const name = codeSpan(linkName(observation.link), maxNameChars);
  if (!hasQueue(observation))
    return joinDots(name, isNotConfigured(observation) ? links.notConfigured : links[observation.kind]);
  const stats = observation.kind === 'read' ? links.stats(observation) : links.unreadable;
  return joinDots(name, observation.paused ? links.paused : links.running, stats);
}
