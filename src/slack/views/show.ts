import { availableAction, type ProjectDetails } from '../../application/queries.ts';
import { firingConditions, severalCauses } from '../../domain/alert.ts';
import type { Condition } from '../../domain/conditions.ts';
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
  shortCommandButton,
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
  const { project, stats } = details;
  const { show, states, onlyYouSeeThis } = messages;
  const since = show.since(project, format);
  const numbers = show.numbers(stats, details.samples, view.now);
  const notObserved = notObservedLines(view.observation, format);
  return {
    text: [joinDots(project.id, states[project.state], since), numbers, ...notObserved].join('\n'),
    blocks: [
      sectionBlock([`*${project.id}* · ${states[project.state]}`, since]),
      ...notObserved.map((line) => sectionBlock(line)),
      ...failureSection(view),
      ...alertSections(view),
      ...operationButtons(view),
      sectionBlock([numbers, ...show.trends(details.samples, view)]),
      ...worstLinks(details),
      sectionBlock(precheckSummary(details, format, precheckBudgetChars)),
      sectionBlock([`*${show.operationsTitle}*`, ...operationLines(view)]),
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

/** The failure that made the project Failed, else the oldest failed task. */
function failureSection({ details: { project, stats }, revealReasons, format }: ShowView): Block[] {
  const failure = project.failure ?? oldestFailure(stats.links);
  if (failure === null) return [];
  const { show } = messages;
  if (failure.kind === 'link_unreachable') return [sectionBlock(show.linkUnreachable(failure, format))];
  const causes = severalCauses(project.alerts);
  if (causes !== null)
    return [sectionBlock(joinDots(...messages.failures.details(causes, failure, { format, revealReasons })))];
  const reason = revealReasons ? messages.format.failureReason(failure.reason, format, 400) : show.hiddenReason;
  return [sectionBlock(show.taskFailed(format.link(failure.link), format.time(failure.at), reason))];
}

/** The firing alerts. The failure has a section of its own. */
function shownConditions({ details: { project } }: ShowView): Condition[] {
  return firingConditions(project.alerts).filter(({ kind }) => kind !== 'project_failed');
}

function alertSections(view: ShowView): Block[] {
  const { details, format, revealReasons } = view;
  return shownConditions(view).map((condition) => {
    const text = alertText(condition, { project: details.project, format, revealReasons });
    const headline = joinDots(`*${messages.show.alertTitle}*`, text.event, ...text.details);
    return sectionBlock(truncateMrkdwn(`${headline}. ${text.advice}`, alertBudgetChars));
  });
}

/** The action that the state allows, the corrections that help against an alert, and the runbook. */
function operationButtons(view: ShowView): Block[] {
  const { details, restriction } = view;
  const { project } = details;
  const action = availableAction(details);
  const corrections = shownConditions(view).flatMap((condition) => helpfulOperations(condition, project));
  const kinds = new Set([...(action === null ? [] : [action]), ...corrections.filter((kind) => !isAction(kind))]);
  const buttons = [
    ...(restriction === null ? [...kinds].map((kind) => requestButton(kind, project.id)) : []),
    ...runbookButtons(project.id, project.definition),
  ];
  if (buttons.length === 0) return [];
  return [actionsBlock(blockId('operations', project.id, project.version), buttons)];
}

function operationLines({ details: { operations }, format }: ShowView): string[] {
  const { show } = messages;
  return operations.length === 0
    ? [show.noOperations]
    : operations.slice(0, 5).map((operation) => show.operation(operation, format));
}
