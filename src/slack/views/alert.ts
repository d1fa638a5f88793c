import { type Alert, type AlertKind, critical } from '../../domain/alert.ts';
import { type Condition, isAdoptable } from '../../domain/conditions.ts';
import type { OperationKind, Project } from '../../domain/project.ts';
import { type AlertTextOptions, alertText, resolvedAlertText } from '../../messages/alerts.ts';
import type { Formatter } from '../../messages/format.ts';
import { blockId } from '../contract.ts';
import { actionsBlock, type Message, requestButton, sectionBlock, showButton } from './blocks.ts';
import { isSlackUser } from './mrkdwn.ts';

export interface AlertView {
  readonly project: Project;
  readonly alert: Alert;
  readonly format: Formatter;
  readonly showErrors: boolean;
}

/** What its channel is to know of a project: what is so, what it means, and the buttons that lead on. */
export function buildAlert(view: AlertView, condition: Condition): Message {
  const { project, alert } = view;
  const { headline, advice } = alertText(condition, alertTextOptions(view));
  const mention = critical.has(condition.kind) ? mentionFor(view) : '';
  const buttons = [
    ...actionsFor(condition, project).map((kind) => requestButton(kind, project.id)),
    showButton(project.id),
  ];
  return {
    text: `${mention}${headline}. ${advice}`,
    blocks: [
      sectionBlock([`${mention}${bold(headline, project.id)}`, advice]),
      actionsBlock(blockId('alert', condition.kind, project.id, alert.seq), buttons),
    ],
  };
}

export interface ResolvedAlertView extends Omit<AlertView, 'alert'> {
  readonly kind: AlertKind;
}

/** The same message when it is over; `lastedMs` null: for how long is not known. */
export function buildResolvedAlert({ project, kind, format }: ResolvedAlertView, durationMs: number | null): Message {
  const text = resolvedAlertText(kind, { project, format: format, durationMs: durationMs });
  return { text, blocks: [sectionBlock(bold(text, project.id))] };
}

/** What can be done about a finding, the likeliest first. */
export function actionsFor(condition: Condition, project: Project): OperationKind[] {
  switch (condition.kind) {
    case 'project_failed':
    case 'log_retention_50':
    case 'log_retention_80':
    case 'log_retention_100':
      return ['restore'];
    case 'unexpectedly_running':
      return ['reapply', ...(isAdoptable(project, condition.links) ? ['adopt' as const] : [])];
    case 'unexpectedly_paused':
      return ['reapply', ...(isAdoptable(project, condition.paused) ? ['adopt' as const] : [])];
    case 'tasks_failed':
      return ['pause'];
    default:
      return [];
  }
}

/** Whoever brought the project to its state; the bot and the command line cannot be called. */
function mentionFor({ project: { by }, format }: AlertView): string {
  return isSlackUser(by) ? `Attention, ${format.person(by)}: ` : 'Attention: ';
}

function alertTextOptions({ project, format, showErrors }: AlertView): AlertTextOptions {
  return { project, format: format, revealReasons: showErrors };
}

/** The project's id stands out where a sentence begins with it. */
function bold(text: string, id: string): string {
  return text.startsWith(id) ? `*${id}*${text.slice(id.length)}` : text;
}
