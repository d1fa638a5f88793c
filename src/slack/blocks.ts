import type { Deed } from '../domain/project.ts';
import { actionWords } from '../domain/words.ts';
import { actionIds, askValue } from './contract.ts';

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
export function section(text: string | readonly string[], accessory?: Button): Block {
  const mrkdwn = verbatim(typeof text === 'string' ? text : text.join('\n'));
  return accessory === undefined ? { type: 'section', text: mrkdwn } : { type: 'section', text: mrkdwn, accessory };
}

export function context(text: string): Block {
  return { type: 'context', elements: [verbatim(text)] };
}

export function actionsRow(blockId: string, elements: Button[]): Block {
  return { type: 'actions', block_id: blockId, elements };
}

export interface ButtonSpec {
  readonly label: 'OK' | 'Cancel' | 'Start' | 'Pause' | 'Restore' | 'Re-apply' | 'Adopt' | 'Show' | 'Next' | 'Previous';
  readonly actionId: string;
  readonly value: string;
  readonly primary?: boolean;
  /** What a screen reader says instead of the label, where several buttons carry the same one. */
  readonly spoken?: string;
}

export function button({ label, actionId, value, primary = false, spoken }: ButtonSpec): Button {
  return {
    type: 'button',
    text: { type: 'plain_text', text: label, emoji: false },
    action_id: actionId,
    value,
    ...(primary ? { style: 'primary' as const } : {}),
    ...(spoken === undefined ? {} : { accessibility_label: spoken }),
  };
}

/** The button that opens the confirmation of an action, the same as the command does, or of a correction. */
export function askButton(deed: Deed, project: string): Button {
  const label = actionWords[deed].imperative;
  return button({ label, actionId: actionIds.ask[deed], value: askValue(project), spoken: `${label} ${project}` });
}

export function showButton(project: string): Button {
  return button({ label: 'Show', actionId: actionIds.show, value: askValue(project), spoken: `Show ${project}` });
}

function verbatim(text: string): Mrkdwn {
  return { type: 'mrkdwn', text, verbatim: true };
}
