import type { types } from '@slack/bolt';
import type { OperationKind } from '../../domain/lifecycle.ts';
import { messages } from '../../messages/catalog.ts';
import { commandOf, type HistorySuggestion, type Suggestion } from '../commands/suggestions.ts';
import { actionIds, blockId, projectValue, requestValue } from '../contract.ts';

/** The blocks that syncbot sends. Every Slack client shows them. */
export type Block =
  | (Omit<types.SectionBlock, 'text' | 'accessory'> & { text: types.MrkdwnElement; accessory?: Button })
  | (Omit<types.ContextBlock, 'elements'> & { elements: types.MrkdwnElement[] })
  | (Omit<types.ActionsBlock, 'elements'> & { elements: Button[] });

export type Button = types.Button & Required<Pick<types.Button, 'action_id' | 'value'>>;

/** `text` is what notifications and screen readers use, so it must be complete without the blocks. */
export interface Message {
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** One section. */
export function textMessage(text: string): Message {
  return { text, blocks: [sectionBlock(text)] };
}

/** One section, and buttons below. */
export function messageWithButtons(text: string, part: string, buttons: readonly Button[]): Message {
  const blocks = inRows(buttons).map((row, index) => actionsBlock(blockId(part, index), row));
  return { text, blocks: [sectionBlock(text), ...blocks] };
}

/** One section, and the suggested commands as buttons below. */
export function messageWithSuggestions(text: string, suggestions: readonly Suggestion[]): Message {
  return messageWithButtons(text, 'suggestion', suggestions.map(commandButton));
}

/** Slack refuses an action id that is twice in a block. Such buttons have a block each. */
function inRows(buttons: readonly Button[]): Button[][] {
  if (buttons.length === 0) return [];
  const ids = new Set(buttons.map(({ action_id }) => action_id));
  return ids.size === buttons.length ? [[...buttons]] : buttons.map((element) => [element]);
}

/** `text` is finished mrkdwn: text from outside has gone through `safeText` or `codeSpan`. */
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
  readonly label: string;
  readonly actionId: string;
  readonly value: string;
  readonly primary?: boolean;
  /** What a screen reader reads instead of the label. */
  readonly accessibilityLabel: string;
}

export function button({ label, actionId, value, primary = false, accessibilityLabel }: ButtonSpec): Button {
  return {
    type: 'button',
    text: { type: 'plain_text', text: label, emoji: false },
    action_id: actionId,
    value,
    accessibility_label: accessibilityLabel,
    ...(primary ? { style: 'primary' as const } : {}),
  };
}

/** The button that requests an operation. */
export function requestButton(kind: OperationKind, project: string): Button {
  return projectButton(messages.actions[kind].label, actionIds.request[kind], project);
}

export function showButton(project: string): Button {
  return projectButton(messages.buttons.show, actionIds.show, project);
}

export function precheckButton(project: string): Button {
  return projectButton(messages.buttons.precheck, actionIds.precheck, project);
}

/** A button that does the same as a command. Its label names the project: `Pause orders`. */
export function commandButton(suggestion: Suggestion): Button {
  const { actions, buttons } = messages;
  if (!('project' in suggestion)) {
    const label = buttons[suggestion.verb];
    return button({ label, actionId: actionIds[suggestion.verb], value: suggestion.verb, accessibilityLabel: label });
  }
  if (suggestion.verb === 'history') return historyButton(suggestion);
  const isAction = 'reason' in suggestion;
  const label = buttons.onProject(
    isAction ? actions[suggestion.verb].label : buttons[suggestion.verb],
    suggestion.project,
  );
  return button({
    label,
    actionId: isAction ? actionIds.request[suggestion.verb] : actionIds[suggestion.verb],
    value: isAction ? requestValue(suggestion) : projectValue(suggestion.project),
    accessibilityLabel: label,
  });
}

/** The value is the command: it can have a project and a time. */
function historyButton(suggestion: HistorySuggestion): Button {
  const { project, since } = suggestion;
  const { history, onProject, since: labelSince } = messages.buttons;
  const label = since !== null ? labelSince(history, since) : project !== null ? onProject(history, project) : history;
  return button({ label, actionId: actionIds.history, value: commandOf(suggestion), accessibilityLabel: label });
}

function projectButton(label: string, actionId: string, project: string): Button {
  const accessibilityLabel = messages.buttons.accessibilityLabels.onProject(label, project);
  return button({ label, actionId, value: projectValue(project), accessibilityLabel });
}

function verbatimMrkdwn(text: string): types.MrkdwnElement {
  return { type: 'mrkdwn', text, verbatim: true };
}
