import type { types } from '@slack/bolt';
import { type Acknowledgement, isActive } from '../../domain/acknowledgement.ts';
import { firingAlerts } from '../../domain/alert.ts';
import { linkId, type TaskFailure } from '../../domain/link.ts';
import { countFailures, oldestFailures, type ProjectStats } from '../../domain/observation.ts';
import { type Operation, refOf } from '../../domain/operation.ts';
import type { Project } from '../../domain/project.ts';
import { maxTasksPerSkip } from '../../domain/skipped-tasks.ts';
import { messages } from '../../messages/catalog.ts';
import type { ConfirmationFacts } from '../../messages/facts.ts';
import { type Formatter, joinDots, type TextContext } from '../../messages/format.ts';
import { actionIds } from '../action-ids.ts';
import { blockId } from '../block-ids.ts';
import { operationRefValue } from '../button-values.ts';
import type { ModalOrigin } from '../modal-metadata.ts';
import {
  actionsBlock,
  type Block,
  type Button,
  button,
  contextBlock,
  type Message,
  restoreWithoutButton,
  sectionBlock,
} from './blocks.ts';
import { confirmationPage } from './modal.ts';

const maxOwners = 3;

export interface ConfirmationView extends TextContext {
  readonly operation: Operation;
  readonly project: Project;
  readonly stats: ProjectStats;
  /** A restore cannot retry at least so many failed tasks, because BullMQ removed them. */
  readonly removedTasks: number;
  /** How many of the tasks that a restore would retry have failed again after a retry. */
  readonly failedAgain: number;
  /** The newest open request of each other person for this project. */
  readonly otherRequests: readonly Operation[];
}

/**
 * The OK/Cancel dialog of an operation. It may show the reasons of failed tasks, because only the requester sees it, who is
 * an operator.
 */
export function buildConfirmation(view: ConfirmationView): Message {
  return buildDialog(view, [...answerButtons(view.operation), ...otherButtons(view)]);
}

/** The same dialog as the page of a modal. */
export function buildConfirmationPage(view: ConfirmationView, origin: ModalOrigin): types.ModalView {
  return confirmationPage(buildDialog(view, otherButtons(view)), origin, operationRefValue(refOf(view.operation)));
}

function buildDialog(view: ConfirmationView, buttons: Button[]): Message {
  const { operation, project, stats, format } = view;
  const { confirmation, format: formats, onlyYouSeeThis, states } = messages;
  const allReachable = stats.links.every(({ kind }) => kind !== 'unreachable');
  const failedTasks = allReachable ? countFailures(stats.links) : null;
  const facts: ConfirmationFacts = { ...view, failedTasks };
  const effect = confirmation.effects[operation.action](facts);
  const reason = formats.reason(operation.reason, format);
  return {
    text: `${confirmation.headline(states[project.state], operation)} ${effect} ${confirmation.answerBefore(format.time(operation.expiresAt))}`,
    blocks: [
      sectionBlock([
        `*${confirmation.question(operation)}?*`,
        effect,
        ...confirmation.pausedBy(facts),
        ...confirmation.earlierFailure(facts),
        ...otherOwners(view).map(({ by, at }) => confirmation.onAlert(format.person(by), format.time(at))),
        ...confirmation.otherRequests(facts),
      ]),
      sectionBlock(
        joinDots(
          confirmation.stateNow(states[project.state]),
          formats.waitForRestore(project.state, stats),
          formats.backlog(stats),
          formats.latency(stats),
          formats.inFlight(stats),
        ),
      ),
      ...namedTasksSections(operation, format),
      ...(operation.action === 'restore' ? failedTasksSection(facts) : []),
      ...(reason === null ? [] : [sectionBlock(confirmation.reason(reason))]),
      ...(buttons.length === 0 ? [] : [actionsBlock(blockId('confirm', operation.id, operation.seq), buttons)]),
      contextBlock(
        joinDots(
          onlyYouSeeThis,
          confirmation.requestedBy(format.person(operation.by)),
          confirmation.expires(format.at(operation.expiresAt)),
        ),
      ),
    ],
  };
}

/** The other people who are on an alert of the project, each once. */
function otherOwners({ operation, project, now }: ConfirmationView): Acknowledgement[] {
  const owned = firingAlerts(project.alerts)
    .flatMap(({ acknowledgement }) => acknowledgement ?? [])
    .filter((each) => each.kind === 'owned' && each.by !== operation.by && isActive(each, now));
  return owned.filter(({ by }, index) => owned.findIndex((other) => other.by === by) === index).slice(0, maxOwners);
}

function answerButtons(operation: Operation): Button[] {
  const { ok, cancel, accessibilityLabels } = messages.buttons;
  const value = operationRefValue(refOf(operation));
  return [
    button({
      label: ok,
      actionId: actionIds.ok,
      value,
      primary: true,
      accessibilityLabel: accessibilityLabels.ok(messages.confirmation.question(operation)),
    }),
    button({ label: cancel, actionId: actionIds.cancel, value, accessibilityLabel: accessibilityLabels.cancel }),
  ];
}

function otherButtons({ operation: { project, action, tasks }, failedAgain }: ConfirmationView): Button[] {
  return action === 'restore' && tasks.length === 0 && failedAgain > 0
    ? [restoreWithoutButton(project, Math.min(failedAgain, maxTasksPerSkip), 'dialog')]
    : [];
}

/** The tasks that a restore leaves out, or that a retry moves back: at most `maxTasksPerSkip`. */
function namedTasksSections({ action, tasks }: Operation, format: Formatter): Block[] {
  const { confirmation } = messages;
  if (tasks.length === 0) return [];
  const lines = tasks.slice(0, maxTasksPerSkip).map((task) => confirmation.namedTask(task, format));
  const more = tasks.length > lines.length ? [messages.format.more(tasks.length - lines.length)] : [];
  const title = `*${confirmation.namedTasksTitle(tasks.length, action)}*`;
  const half = Math.ceil(lines.length / 2);
  return [
    [title, ...lines.slice(0, half)],
    [...lines.slice(half), ...more],
  ]
    .filter((section) => section.length > 0)
    .map((section) => sectionBlock(section));
}

const maxFailedTasksShown = 3;

/** The oldest failed task of each link and reason that a restore would retry, and how many more there are. */
function failedTasksSection({ operation, project, stats, failedTasks, format }: ConfirmationFacts): Block[] {
  const { confirmation, format: formats } = messages;
  const observed = differentFailures(oldestFailures(stats.links)).slice(0, maxFailedTasksShown);
  const { failure } = project;
  const isUnobserved = observed.length === 0 && operation.tasks.length === 0;
  const shown = isUnobserved && failure?.kind === 'task_failed' ? [failure] : observed;
  if (shown.length === 0) return [];
  const remaining = failedTasks === null ? 0 : failedTasks - shown.length;
  return [
    sectionBlock([
      `*${confirmation.failedTasksTitle(shown.length)}*`,
      ...shown.map((failure) =>
        confirmation.failedTask(failure, formats.failureReason(failure.reason, format, 300), format),
      ),
      ...(remaining > 0 ? [messages.format.more(remaining)] : []),
    ]),
  ];
}

/** The first failure of each link and reason. */
function differentFailures(failures: readonly TaskFailure[]): TaskFailure[] {
  return failures.filter(
    ({ link, reason }, index) =>
      failures.findIndex((other) => linkId(other.link) === linkId(link) && other.reason === reason) === index,
  );
}
