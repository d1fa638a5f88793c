import { availableAction, type ProjectDetails } from '../../application/queries.ts';
import { firingConditions } from '../../domain/alert.ts';
import { oldestFailure } from '../../domain/observation.ts';
import type { Operation } from '../../domain/operation.ts';
import { type Endpoint, isAction, type Project } from '../../domain/project.ts';
import { maskFailureReason } from '../../logging/redact.ts';
import { alertText } from '../../messages/alerts.ts';
import {
  actionLabels,
  formatBacklog,
  formatDuration,
  formatInFlight,
  formatLatency,
  formatReason,
  joinDots,
  pluralize,
} from '../../messages/format.ts';
import { blockId } from '../contract.ts';
import { actionsFor } from './alert.ts';
import { actionsBlock, type Block, contextBlock, type Message, requestButton, sectionBlock } from './blocks.ts';
import { formatLinkCount, formatSince, stateTitle, type ViewContext } from './context.ts';
import { maxBlocksJsonChars, sectionBudgetChars } from './limits.ts';
import { linkSections } from './links.ts';
import { safeText, truncateMrkdwn } from './mrkdwn.ts';
import { precheckLines } from './precheck.ts';

export interface ShowView extends ViewContext {
  readonly details: ProjectDetails;
  /** Whether failed tasks' reasons may be shown, masked: to operators, or with `showErrors`. */
  readonly revealReasons: boolean;
}

/** The console's details page: everything about one project, the action that is allowed now near the top. */
export function buildShow(view: ShowView): Message {
  const { details, format } = view;
  const { project, stats } = details;
  const summary = joinDots(formatLinkCount(project), formatBacklog(stats), formatLatency(stats), formatInFlight(stats));
  const topBlocks = [headerSection(view), sectionBlock(summary), ...failureSection(view), ...alertSections(view)];
  const bottomBlocks = [
    sectionBlock(['*Precheck*', ...precheckLines(details.precheck, 12)]),
    sectionBlock(['*Last operations*', ...operationLines(view)]),
    contextBlock(`Only you can see this · ${format.command(`precheck ${project.id}`)} checks again`),
  ];
  const maxLinkChars = maxBlocksJsonChars - JSON.stringify([...topBlocks, ...bottomBlocks]).length;
  return {
    text: `${project.id} is ${stateTitle(project.state)} ${formatSince(project, view)} · ${summary}`,
    blocks: [...topBlocks, ...linkSections(stats.links, maxLinkChars), ...bottomBlocks],
  };
}

function headerSection(view: ShowView): Block {
  const { project } = view.details;
  const { definition } = project;
  const action = availableAction(view.details);
  const lines = [
    `*${project.id}* · ${stateTitle(project.state)}`,
    definition.description === null ? '' : safeText(definition.description, 400),
    joinDots(formatSince(project, view), formatReason(project.reason, view.format)),
    endpoints(project),
    definition.labels.length === 0 ? '' : `Labels: ${labelList(definition.labels)}`,
  ];
  return sectionBlock(
    lines.filter((line) => line !== ''),
    action === null ? undefined : requestButton(action, project.id),
  );
}

function endpoints({ definition: { source, target } }: Project): string {
  if (source === null && target === null) return '';
  return `${endpoint(source)} → ${endpoint(target)}`;
}

function endpoint(value: Endpoint | null): string {
  return value === null ? 'not named' : `${safeText(value.type, 60)} ${safeText(value.name, 120)}`;
}

function labelList(labels: readonly string[]): string {
  const shown = labels.slice(0, 8).map((label) => safeText(label, 40));
  const remaining = labels.length - shown.length;
  return remaining > 0 ? `${shown.join(', ')} and ${remaining} more` : shown.join(', ');
}

/** What failed first: the failure that the project stopped for, else one that was just read. */
function failureSection({ details: { project, stats }, revealReasons, format, now }: ShowView): Block[] {
  const observedFailure = oldestFailure(stats.links);
  const failure =
    project.failure ??
    (observedFailure === null
      ? null
      : {
          link: observedFailure.link,
          reason: maskFailureReason(observedFailure.task.reason),
          at: observedFailure.task.at,
        });
  if (failure === null) return [];
  const reason = revealReasons ? safeText(failure.reason, 400) : 'its reason is shown to operators only';
  return [
    sectionBlock(`A task failed on ${format.link(failure.link)} ${formatDuration(now - failure.at)} ago: ${reason}`),
  ];
}

/** What its channel was told and is so still; the head has the action that is allowed. */
function alertSections({ details: { project }, format, revealReasons }: ShowView): Block[] {
  return firingConditions(project.alerts)
    .filter(({ kind }) => kind !== 'project_failed')
    .flatMap((condition, index) => {
      const { headline, advice } = alertText(condition, { project, format: format, revealReasons });
      const corrections = actionsFor(condition, project).filter((kind) => !isAction(kind));
      const buttons = corrections.map((kind) => requestButton(kind, project.id));
      return [
        sectionBlock(truncateMrkdwn(`*Alert* · ${headline}. ${advice}`, sectionBudgetChars)),
        ...(buttons.length === 0 ? [] : [actionsBlock(blockId('show', index, project.id), buttons)]),
      ];
    });
}

function operationLines(view: ShowView): string[] {
  const { operations } = view.details;
  return operations.length === 0
    ? ['none yet']
    : operations.slice(0, 5).map((operation) => operationLine(operation, view));
}

const operationStateLabels: Readonly<Record<Operation['state'], string>> = {
  requested: 'waits for OK',
  confirmed: 'waits for a worker',
  running: 'under way',
  done: 'done',
  refused: 'not done',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'expired',
  superseded: 'replaced by a newer request',
};

function operationLine(operation: Operation, { format, now }: ViewContext): string {
  const { outcome } = operation;
  const partialNote =
    outcome !== null && outcome.linksDone < outcome.linksTotal
      ? ` (${outcome.linksDone} of ${pluralize(outcome.linksTotal, 'link')})`
      : '';
  return joinDots(
    `${actionLabels[operation.action].imperative} by ${format.person(operation.by)} ${formatDuration(now - operation.requestedAt)} ago`,
    `${operationStateLabels[operation.state]}${partialNote}`,
    formatReason(operation.reason, format, 100),
  );
}
