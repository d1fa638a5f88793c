import { availableAction, type ProjectDetails } from '../../application/queries.ts';
import { firingConditions } from '../../domain/alert.ts';
import { helpfulOperations } from '../../domain/corrections.ts';
import { isAction } from '../../domain/lifecycle.ts';
import { oldestFailure } from '../../domain/observation.ts';
import type { ObservationStatus } from '../../domain/observation-status.ts';
import type { Endpoint, Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import { joinDots, type TextContext } from '../../messages/format.ts';
import { alertText } from '../../messages/render.ts';
import { blockId } from '../contract.ts';
import {
  actionsBlock,
  type Block,
  contextBlock,
  type Message,
  requestButton,
  runbookButtons,
  sectionBlock,
} from './blocks.ts';
import { maxBlocksJsonChars, sectionBudgetChars } from './limits.ts';
import { linkSections } from './links.ts';
import { safeText, truncateMrkdwn } from './mrkdwn.ts';
import { notObservedLines } from './not-observed.ts';
import { precheckLines } from './precheck.ts';

export interface ShowView extends TextContext {
  readonly details: ProjectDetails;
  /** Whether a syncbot worker observes the links. */
  readonly observation: ObservationStatus;
  /** Whether masked reasons of failed tasks may be shown here. */
  readonly revealReasons: boolean;
  /** Why this person can only look. Null if they may change projects here. */
  readonly restriction: string | null;
}

const precheckBudgetChars = 2_000;

/** One project in detail, with the action that is possible now at the top. */
export function buildShow(view: ShowView): Message {
  const { details, format, now } = view;
  const { project, stats } = details;
  const { format: formats, list, onlyYouSeeThis, show } = messages;
  const summary = joinDots(
    formats.linkCount(project.definition.links.length),
    formats.backlog(stats),
    formats.latency(stats),
    formats.inFlight(stats),
  );
  const since = list.since(now - project.since, format.person(project.by));
  const topBlocks = [
    headerSection(view, since),
    sectionBlock(summary),
    ...notObservedLines(view.observation, format).map((line) => sectionBlock(line)),
    ...failureSection(view),
    ...alertBlocks(view),
    ...runbookBlocks(project),
  ];
  const bottomBlocks = [
    sectionBlock([`*${show.precheckTitle}*`, ...precheckLines(details.precheck, format, precheckBudgetChars)]),
    sectionBlock([`*${show.operationsTitle}*`, ...operationLines(view)]),
    contextBlock(joinDots(onlyYouSeeThis, show.precheckHint(project.id, format))),
    ...(view.restriction === null ? [] : [contextBlock(view.restriction)]),
  ];
  const maxLinkChars = maxBlocksJsonChars - JSON.stringify([...topBlocks, ...bottomBlocks]).length;
  return {
    text: [
      joinDots(show.headline(project.id, project.state, since), summary),
      ...notObservedLines(view.observation, format),
    ].join('\n'),
    blocks: [...topBlocks, ...linkSections(stats.links, maxLinkChars), ...bottomBlocks],
  };
}

function headerSection({ details, format, restriction }: ShowView, since: string): Block {
  const { project } = details;
  const { definition } = project;
  const action = restriction === null ? availableAction(details) : null;
  const lines = [
    `*${project.id}* · ${messages.states[project.state]}`,
    definition.description === null ? '' : safeText(definition.description, 400),
    joinDots(since, messages.format.reason(project.reason, format)),
    endpoints(project),
    labels(definition.labels),
  ];
  return sectionBlock(
    lines.filter((line) => line !== ''),
    action === null ? undefined : requestButton(action, project.id),
  );
}

function endpoints({ definition: { source, target } }: Project): string {
  if (source === null && target === null) return '';
  return messages.show.endpoints(endpoint(source), endpoint(target));
}

function endpoint(value: Endpoint | null): string | null {
  return value === null ? null : `${safeText(value.type, 60)} ${safeText(value.name, 120)}`;
}

function labels(all: readonly string[]): string {
  const shown = all.slice(0, 8).map((label) => safeText(label, 40));
  return all.length === 0 ? '' : messages.show.labels(shown, all.length);
}

/** The failure that made the project Failed, else the oldest failed task. */
function failureSection({ details: { project, stats }, revealReasons, format, now }: ShowView): Block[] {
  const failure = project.failure ?? oldestFailure(stats.links);
  if (failure === null) return [];
  const { show } = messages;
  if (failure.kind === 'link_unreachable') return [sectionBlock(show.linkUnreachable(failure, { format, now }))];
  const link = format.link(failure.link);
  const reason = revealReasons ? messages.format.failureReason(failure.reason, format, 400) : show.hiddenReason;
  return [sectionBlock(show.taskFailed(link, now - failure.at, reason))];
}

/** The firing alerts, with the buttons of corrections. The header has the action. */
function alertBlocks({ details: { project }, format, revealReasons, restriction }: ShowView): Block[] {
  return firingConditions(project.alerts)
    .filter(({ kind }) => kind !== 'project_failed')
    .flatMap((condition, index) => {
      const text = alertText(condition, { project, format, revealReasons });
      const headline = joinDots(`*${messages.show.alertTitle}*`, text.event, ...text.details);
      const corrections = helpfulOperations(condition, project).filter((kind) => !isAction(kind));
      const buttons = restriction === null ? corrections.map((kind) => requestButton(kind, project.id)) : [];
      return [
        sectionBlock(truncateMrkdwn(`${headline}. ${text.advice}`, sectionBudgetChars)),
        ...(buttons.length === 0 ? [] : [actionsBlock(blockId('show', index, project.id), buttons)]),
      ];
    });
}

function runbookBlocks({ id, definition }: Project): Block[] {
  const buttons = runbookButtons(id, definition);
  return buttons.length === 0 ? [] : [actionsBlock(blockId('runbook', id), buttons)];
}

function operationLines({ details: { operations }, format, now }: ShowView): string[] {
  const { show } = messages;
  return operations.length === 0
    ? [show.noOperations]
    : operations.slice(0, 5).map((operation) => show.operation(operation, { format, now }));
}
