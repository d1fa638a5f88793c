import type { OperationKind } from '../../domain/project.ts';
import { actionLabels } from '../../messages/format.ts';
import { actionIds, projectValue } from '../contract.ts';

/** Blocks that every Slack client draws, as far as the views use them. */
export interface PlainText {
  type: 'plain_text';
  text: string;
  emoji: false;
}

export interface Mrkdwn {
  type: 'mrkdwn';
  text: string;
  verbatim: true;
}

export interface Button {
  type: 'button';
  text: PlainText;
  action_id: string;
  value: string;
  style?: 'primary';
  accessibility_label?: string;
}

export type Block =
  | { type: 'section'; block_id?: string; text: Mrkdwn; accessory?: Button }
  | { type: 'context'; elements: Mrkdwn[] }
  | { type: 'actions'; block_id?: string; elements: Button[] };

/** What is sent: `text` stands alone on a lock screen and for a screen reader. */
export interface Message {
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** `text` is finished mrkdwn: what comes from outside has gone through safeText or code. */
export function sectionBlock(text: string | readonly string[], accessory?: Button): Block {
  const mrkdwn = verbatimMrkdwn(typeof text === 'string' ? text : text.join('\n'));
  return accessory === undefined ? { type: 'section', text: mrkdwn } : { type: 'section', text: mrkdwn, accessory };
}

export function contextBlock(text: string): Block {
  return { type: 'context', elements: [verbatimMrkdwn(text)] };
}

export function actionsBlock(blockId: string, elements: Button[]): Block {
  return { type: 'actions', block_id: blockId, elements };
}

export interface ButtonSpec {
  readonly label: 'OK' | 'Cancel' | 'Start' | 'Pause' | 'Restore' | 'Re-apply' | 'Adopt' | 'Show' | 'Next' | 'Previous';
  readonly actionId: string;
  readonly value: string;
  readonly primary?: boolean;
  /** What a screen reader says instead of the label, where several buttons carry the same one. */
  readonly accessibilityLabel?: string;
}

export function button({ label, actionId, value, primary = false, accessibilityLabel }: ButtonSpec): Button {
  return {
    type: 'button',
    text: { type: 'plain_text', text: label, emoji: false },
    action_id: actionId,
    value,
    ...(primary ? { style: 'primary' as const } : {}),
    ...(accessibilityLabel === undefined ? {} : { accessibility_label: accessibilityLabel }),
  };
}

/** The button that opens the confirmation of an action, the same as the command does, or of a correction. */
export function requestButton(kind: OperationKind, project: string): Button {
  const label = actionLabels[kind].imperative;
  return button({
    label,
    actionId: actionIds.request[kind],
    value: projectValue(project),
    accessibilityLabel: `${label} ${project}`,
  });
}

export function showButton(project: string): Button {
  return button({
    label: 'Show',
    actionId: actionIds.show,
    value: projectValue(project),
    accessibilityLabel: `Show ${project}`,
  });
}

function verbatimMrkdwn(text: string): Mrkdwn {
  return { type: 'mrkdwn', text, verbatim: true };
}
