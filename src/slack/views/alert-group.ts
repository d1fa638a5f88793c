import type { Acknowledgement } from '../../domain/acknowledgement.ts';
import type { FiringAlert } from '../../domain/alert.ts';
import type { AlertTarget } from '../../domain/alert-press.ts';
import { canBeSnoozed } from '../../domain/conditions.ts';
import { helpfulOperations } from '../../domain/corrections.ts';
import type { Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import type { AlertGroupFacts, AlertReplyFacts } from '../../messages/facts.ts';
import { joinDots } from '../../messages/format.ts';
import { alertText } from '../../messages/render.ts';
import { commandActionId } from '../action-ids.ts';
import { blockId } from '../block-ids.ts';
import { acknowledgementButtons, acknowledgementLines } from './acknowledgement.ts';
import { boldId } from './alert.ts';
import {
  actionsBlock,
  type Block,
  button,
  type Message,
  requestButton,
  sectionBlock,
  showButton,
  textMessage,
} from './blocks.ts';
import { mention } from './mrkdwn.ts';

/** How many projects the message of a group shows. The others have **Show All**. */
export const groupRows = 3;

export interface GroupRow {
  readonly project: Project;
  readonly alert: FiringAlert;
}

export interface AlertGroupView {
  readonly facts: AlertGroupFacts;
  /** The worst alerts, at most `groupRows`. */
  readonly rows: readonly GroupRow[];
  /** Whom the message mentions: ids of users and user groups. */
  readonly calls: readonly string[];
  /** Whether masked reasons of failed tasks may be shown in channels. */
  readonly showErrors: boolean;
  /** Of each alert that fires, null without one. */
  readonly acknowledgements: readonly (Acknowledgement | null)[];
  /** What I've Got It of this message is about. */
  readonly target: AlertTarget;
  /** Epoch ms of the bot's Redis server. Differs for each version of the message. */
  readonly now: number;
}

/** Several projects with alerts of one kind, of which at least one fires. */
export function buildAlertGroup(view: AlertGroupView): Message {
  const { facts, rows, calls, acknowledgements, now } = view;
  const { alertGroups } = messages;
  const heading = alertGroups.heading(facts);
  const lines = rows.map((row) => ({ row, line: rowLine(row, view) }));
  const hidden = facts.firing - rows.length;
  const more = hidden > 0 ? [alertGroups.more(hidden)] : [];
  const call = messages.alerts.call(calls.map(mention));
  const advice = `${call}${alertGroups.advice[facts.kind]}`;
  const people = acknowledgementLines(acknowledgements, { format: facts.format, now });
  const canSnooze = canBeSnoozed(facts.kind);
  return {
    text: [heading, ...people, ...lines.map(({ line }) => line), ...more, advice].join('\n'),
    blocks: [
      sectionBlock([`*${heading}*`, ...people]),
      ...lines.map(({ row, line }) => rowSection(row, line)),
      sectionBlock([...more, advice]),
      actionsBlock(blockId('alerts', facts.kind, now), [
        showAllButton(facts),
        ...acknowledgementButtons({ ...view, canSnooze }),
      ]),
    ],
  };
}

/** The message of a group after all its alerts are resolved. */
export function buildResolvedAlertGroup(facts: AlertGroupFacts): Message {
  return textMessage(messages.alertGroups.resolved(facts));
}

/** A reply in the thread of an alert or of a group. `calls`: whom it mentions. */
export function buildAlertReply(facts: AlertReplyFacts, calls: readonly string[]): Message {
  const { reply, attention } = messages.alertGroups;
  return textMessage([reply(facts), ...(calls.length === 0 ? [] : [attention(calls.map(mention))])].join('\n'));
}

function rowLine({ project, alert }: GroupRow, { facts, showErrors }: AlertGroupView): string {
  const { event, details } = alertText(alert.condition, { project, format: facts.format, revealReasons: showErrors });
  return joinDots(project.id, event, ...details);
}

function rowSection({ project, alert }: GroupRow, line: string): Block {
  const [operation] = helpfulOperations(alert.condition, project);
  const accessory = operation === undefined ? showButton(project.id) : requestButton(operation, project.id);
  return sectionBlock(boldId(line, project.id), accessory);
}

function showAllButton({ kind }: AlertGroupFacts) {
  const { showAll, accessibilityLabels } = messages.buttons;
  return button({
    label: showAll,
    actionId: commandActionId(0),
    value: `list alert:${kind}`,
    accessibilityLabel: accessibilityLabels.showAll,
  });
}
