import { criticalKinds, type FiringAlert } from '../../domain/alert.ts';
import { helpfulOperations } from '../../domain/corrections.ts';
import { isSlackUser, type Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import type { ResolvedAlertFacts } from '../../messages/facts.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { alertText } from '../../messages/render.ts';
import { blockId } from '../contract.ts';
import { actionsBlock, type Message, requestButton, sectionBlock, showButton } from './blocks.ts';

export interface AlertView {
  readonly project: Project;
  readonly format: Formatter;
  /** Whether masked reasons of failed tasks may be shown in channels. */
  readonly showErrors: boolean;
}

/** A firing alert, with the buttons of what can be done about it. */
export function buildAlert(view: AlertView, { condition, seq }: FiringAlert): Message {
  const { project, format, showErrors } = view;
  const { event, details, advice } = alertText(condition, { project, format, revealReasons: showErrors });
  const headline = joinDots(project.id, event, ...details);
  const mention = criticalKinds.has(condition.kind) ? mentionFor(view) : '';
  const buttons = helpfulOperations(condition, project).map((kind) => requestButton(kind, project.id));
  return {
    text: `${headline}\n${mention}${advice}`,
    blocks: [
      sectionBlock([boldId(headline, project.id), `${mention}${advice}`]),
      actionsBlock(blockId('alert', condition.kind, project.id, seq), [...buttons, showButton(project.id)]),
    ],
  };
}

/** The message of the alert after it is resolved. */
export function buildResolvedAlert(facts: ResolvedAlertFacts): Message {
  const { id } = facts.project;
  const text = joinDots(id, ...messages.alerts.resolved(facts));
  return { text, blocks: [sectionBlock(boldId(text, id))] };
}

/** Mentions the person who last changed the project, if that was a person of Slack. */
export function mentionFor({ project: { by }, format }: Pick<AlertView, 'project' | 'format'>): string {
  return messages.alerts.mention(isSlackUser(by) ? format.person(by) : null);
}

/** Makes the project's id bold where the text begins with it. */
export function boldId(text: string, id: string): string {
  return text.startsWith(`${id} `) ? `*${id}*${text.slice(id.length)}` : text;
}
