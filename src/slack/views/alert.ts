import type { FiringAlert } from '../../domain/alert.ts';
import type { AlertTarget } from '../../domain/alert-press.ts';
import { type AlertSeverity, type Condition, canBeSnoozed, severities } from '../../domain/conditions.ts';
import { helpfulOperations } from '../../domain/corrections.ts';
import { type CallingProject, mentionsFor, type OnCallRule } from '../../domain/on-call.ts';
import type { Project } from '../../domain/project.ts';
import { maxTasksPerSkip } from '../../domain/skipped-tasks.ts';
import { messages } from '../../messages/catalog.ts';
import type { ResolvedAlertFacts } from '../../messages/facts.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { alertText } from '../../messages/render.ts';
import { blockId, projectBlockId } from '../block-ids.ts';
import { acknowledgementButtons, acknowledgementLines } from './acknowledgement.ts';
import {
  actionsBlock,
  type Button,
  keepPausedButton,
  type Message,
  pauseEndButtons,
  projectSection,
  requestButton,
  restoreWithoutButton,
  runbookButtons,
  showButton,
} from './blocks.ts';
import { mention } from './mrkdwn.ts';

export interface AlertView {
  readonly project: Project;
  readonly format: Formatter;
  /** Whether masked reasons of failed tasks may be shown in channels. */
  readonly showErrors: boolean;
  /** `policy.onCall` of syncbot.yml. */
  readonly onCallRules: readonly OnCallRule[];
  /** What I've Got It of this message is about. */
  readonly target: AlertTarget;
  /** Epoch ms of the bot's Redis server. */
  readonly now: number;
}

/**
 * A firing alert. The first buttons help against it. The second row is for the people who do: a phone shows about three
 * buttons in a row.
 */
export function buildAlert(view: AlertView, { condition, seq, acknowledgement }: FiringAlert): Message {
  const { project, format, showErrors } = view;
  const { event, details, advice } = alertText(condition, { project, format, revealReasons: showErrors });
  const headline = joinDots(project.id, event, ...details);
  const call = callText(view.onCallRules, [project], severities[condition.kind]);
  const buttons = [
    ...helpfulOperations(condition, project).map((kind) => requestButton(kind, project.id)),
    ...restoreWithoutButtons(condition, project),
    ...(condition.kind === 'paused_reminder' ? [keepPausedButton(project.id)] : []),
    ...(condition.kind === 'pause_ending' ? pauseEndButtons({ project: project.id, until: condition.until }) : []),
  ];
  const acknowledgements = [acknowledgement ?? null];
  const lines = [...acknowledgementLines(acknowledgements, view), `${call}${advice}`];
  const canSnooze = canBeSnoozed(condition.kind);
  return {
    text: [headline, ...lines].join('\n'),
    blocks: [
      projectSection(projectBlockId(project.id, seq), [boldId(headline, project.id), ...lines]),
      actionsBlock(blockId('alert', condition.kind, project.id, seq), [
        ...buttons,
        showButton(project.id),
        ...runbookButtons(project.id, project.definition),
      ]),
      actionsBlock(
        blockId('acknowledgement', condition.kind, project.id, view.now),
        acknowledgementButtons({ ...view, acknowledgements, canSnooze }),
      ),
    ],
  };
}

/** The button of a restore that leaves out the tasks that have failed again. Empty if there are none. */
function restoreWithoutButtons(condition: Condition, { id }: Project): Button[] {
  const failedAgain = condition.kind === 'project_failed' ? (condition.causes?.failedAgain ?? 0) : 0;
  return failedAgain === 0 ? [] : [restoreWithoutButton(id, Math.min(failedAgain, maxTasksPerSkip), 'alert')];
}

/** The message of the alert after it is resolved. */
export function buildResolvedAlert(facts: ResolvedAlertFacts): Message {
  const { id } = facts.project;
  const text = joinDots(id, ...messages.alerts.resolved(facts));
  return { text, blocks: [projectSection(projectBlockId(id), boldId(text, id))] };
}

/**
 * The beginning of the advice of a message about alerts of these projects. It mentions who is on call for them, each
 * once. Slack notifies them when the message is posted, and not when it is edited.
 */
export function callText(
  rules: readonly OnCallRule[],
  projects: readonly CallingProject[],
  severity: AlertSeverity,
): string {
  return messages.alerts.call(mentionsFor(rules, projects, severity).map(mention));
}

/** Makes the project's id bold where the text begins with it. */
export function boldId(text: string, id: string): string {
  return text.startsWith(`${id} `) ? `*${id}*${text.slice(id.length)}` : text;
}
