import { availableAction, type ProjectDetails } from '../../application/queries.ts';
import { type FiringAlert, firingAlerts, severalCauses } from '../../domain/alert.ts';
import { canBeSnoozed } from '../../domain/conditions.ts';
import { helpfulOperations } from '../../domain/corrections.ts';
import { isAction } from '../../domain/lifecycle.ts';
import type { Failure } from '../../domain/link.ts';
import { oldestFailure } from '../../domain/observation.ts';
import type { ObservationStatus } from '../../domain/observation-status.ts';
import type { Endpoint, Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots, type TextContext } from '../../messages/format.ts';
import { alertText } from '../../messages/render.ts';
import { blockId } from '../block-ids.ts';
import { acknowledgementButtons, acknowledgementLines } from './acknowledgement.ts';
import {
  actionsBlock,
  type Block,
  type Button,
  contextBlock,
  keepPausedButton,
  type Message,
  pauseEndButtons,
  requestButton,
  runbookButtons,
  sectionBlock,
  shortCommandButton,
  waitButtons,
} from './blocks.ts';
import { worstLinks } from './links.ts';
import { safeText, truncateMrkdwn } from './mrkdwn.ts';
import { notObservedLines } from './not-observed.ts';
import { precheckSummary } from './precheck.ts';

export interface ShowView extends TextContext {
  readonly details: ProjectDetails;
  /** Whether a syncbot worker observes the links. */
  readonly observation: ObservationStatus;
  /** Whether masked reasons of failed tasks may be shown here. */
  readonly revealReasons: boolean;
  /** Why this person can only look. Null if they may change projects here. */
  readonly restriction: string | null;
}

const precheckBudgetChars = 1_000;
const alertBudgetChars = 600;

/** One project in detail: its state and what to do about it first, then what explains it. Fits two screens of a phone. */
export function buildShow(view: ShowView): Message {
  const { details, format } = view;
  const { project } = details;
  const { show, states, onlyYouSeeThis } = messages;
  const since = [show.since(project, format), ...pauseEnd(project, format), ...pauseBegin(project, format)].join('\n');
  const numbers = show.numbers(details, details.samples, view.now);
  const notObserved = notObservedLines(view.observation, format);
  return {
    text: [joinDots(project.id, states[project.state], since), numbers, ...notObserved].join('\n'),
    blocks: [
      sectionBlock([`*${project.id}* · ${states[project.state]}`, since]),
      ...notObserved.map((line) => sectionBlock(line)),
      ...failureSection(view),
      ...alertSections(view),
      ...operationButtons(view),
      ...alertButtons(view),
      sectionBlock([numbers, ...show.trends(details, view)]),
      ...worstLinks(details),
      sectionBlock(precheckSummary(details, format, precheckBudgetChars)),
      sectionBlock(operationLines(view)),
      ...skippedSection(project),
      actionsBlock(blockId('show', project.id), [
        shortCommandButton({ verb: 'precheck', project: project.id }, 0),
        shortCommandButton({ verb: 'history', project: project.id }, 1),
        ...(project.skippedTasks.length === 0 ? [] : [shortCommandButton({ verb: 'skipped', project: project.id }, 2)]),
      ]),
      contextBlock(joinDots(...definitionFacts(project), onlyYouSeeThis)),
      ...(view.restriction === null ? [] : [contextBlock(view.restriction)]),
    ],
  };
}

/** When the timer restores the project, or why it does not any more. */
function pauseEnd({ state, pausedUntil }: Project, format: Formatter): string[] {
  return state === 'paused' && pausedUntil !== null ? [messages.pauseLimits.ends(pausedUntil, format)] : [];
}

/** The pause that waits until the project has caught up. After another change of the state it is about to end. */
function pauseBegin({ state, waitingPause }: Project, format: Formatter): string[] {
  return state === 'running' && waitingPause !== null ? [messages.catchUp.waits(waitingPause, format)] : [];
}

/** How many failed tasks restores have left out. */
function skippedSection({ skippedTasks }: Project): Block[] {
  return skippedTasks.length === 0 ? [] : [sectionBlock(messages.show.skipped(skippedTasks.length))];
}

/** What the definition says about the project. */
function definitionFacts({ definition: { description, source, target, labels } }: Project): string[] {
  const { show } = messages;
  const shownLabels = labels.slice(0, 8).map((label) => safeText(label, 40));
  return [
    description === null ? '' : safeText(description, 200),
    source === null && target === null ? '' : show.endpoints(endpoint(source), endpoint(target)),
    labels.length === 0 ? '' : show.labels(shownLabels, labels.length),
  ];
}

function endpoint(value: Endpoint | null): string | null {
  return value === null ? null : `${safeText(value.type, 60)} ${safeText(value.name, 120)}`;
}

/** The failure that made the project Failed and who is on it, else the oldest failed task. */
function failureSection(view: ShowView): Block[] {
  const { project, stats } = view.details;
  const failure = project.failure ?? oldestFailure(stats.links);
  if (failure === null) return [];
  const failed = firingAlerts(project.alerts).find(({ condition: { kind } }) => kind === 'project_failed');
  return [sectionBlock([failureText(failure, view), ...personLines(failed, view)])];
}

function failureText(failure: Failure, { details: { project }, revealReasons, format }: ShowView): string {
  const { show } = messages;
  if (failure.kind === 'link_unreachable') return show.linkUnreachable(failure, format);
  const causes = severalCauses(project.alerts);
  if (causes !== null) return joinDots(...messages.failures.details(causes, failure, { format, revealReasons }));
  const reason = revealReasons ? messages.format.failureReason(failure.reason, format, 400) : show.hiddenReason;
  return show.taskFailed(failure, reason, format);
}

function personLines(alert: FiringAlert | undefined, view: ShowView): string[] {
  return acknowledgementLines([alert?.acknowledgement ?? null], view);
}

/** The firing alerts. The failure has a section of its own. */
function shownAlerts({ details: { project } }: ShowView): FiringAlert[] {
  return firingAlerts(project.alerts).filter(({ condition: { kind } }) => kind !== 'project_failed');
}

function alertSections(view: ShowView): Block[] {
  const { details, format, revealReasons } = view;
  return shownAlerts(view).map((alert) => {
    const text = alertText(alert.condition, { project: details.project, format, revealReasons });
    const headline = joinDots(`*${messages.show.alertTitle}*`, text.event, ...text.details);
    return sectionBlock([truncateMrkdwn(`${headline}. ${text.advice}`, alertBudgetChars), ...personLines(alert, view)]);
  });
}

/** The action that the state allows, the corrections that help against an alert, and the runbook. */
function operationButtons(view: ShowView): Block[] {
  const { details, restriction } = view;
  const { project } = details;
  const action = availableAction(details);
  const corrections = shownAlerts(view).flatMap(({ condition }) => helpfulOperations(condition, project));
  const kinds = new Set([...(action === null ? [] : [action]), ...corrections.filter((kind) => !isAction(kind))]);
  const buttons = [
    ...(restriction === null ? [...kinds].map((kind) => requestButton(kind, project.id)) : []),
    ...(restriction === null ? waitingPauseButtons(project) : []),
    ...runbookButtons(project.id, project.definition),
  ];
  if (buttons.length === 0) return [];
  return [actionsBlock(blockId('operations', project.id, project.version), buttons)];
}

function waitingPauseButtons({ id, state, waitingPause }: Project): Button[] {
  if (state !== 'running' || waitingPause === null) return [];
  return waitButtons({ project: id, operation: waitingPause.operation });
}

/** What a person can do about the firing alerts without changing the project. A new queue needs no answer. */
function alertButtons({ details: { project }, restriction, now }: ShowView): Block[] {
  const firing = firingAlerts(project.alerts).filter(({ condition: { kind } }) => kind !== 'queue_created');
  if (firing.length === 0 || restriction !== null) return [];
  const isReminder = ({ condition: { kind } }: FiringAlert) => !canBeSnoozed(kind);
  const buttons = acknowledgementButtons({
    target: { project: project.id },
    acknowledgements: firing.map(({ acknowledgement = null }) => acknowledgement),
    canSnooze: !firing.every(isReminder),
    now,
  });
  return [actionsBlock(blockId('alerts', project.id, now), [...answerButtons(firing, project.id), ...buttons])];
}

/** One answer to the reminders of a pause. A message cannot have Keep Paused twice. */
function answerButtons(firing: readonly FiringAlert[], project: string): Button[] {
  const conditions = firing.map(({ condition }) => condition);
  const ending = conditions.find((condition) => condition.kind === 'pause_ending');
  if (ending !== undefined) return pauseEndButtons({ project, until: ending.until });
  return conditions.some(({ kind }) => kind === 'paused_reminder') ? [keepPausedButton(project)] : [];
}

function operationLines({ details: { operations }, format }: ShowView): string[] {
  const { show } = messages;
  return operations.length === 0
    ? [show.noOperations]
    : [`*${show.operationsTitle}*`, ...operations.slice(0, 5).map((operation) => show.operation(operation, format))];
}
