import type { types } from '@slack/bolt';
import type { Batch } from '../../domain/batch.ts';
import type { TaskRef } from '../../domain/failed-tasks.ts';
import type { OperationKind, ProjectOperationKind } from '../../domain/lifecycle.ts';
import { type Operation, type OperationRef, refOf } from '../../domain/operation.ts';
import type { ProjectDefinition } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import { actionIds, commandActionId } from '../action-ids.ts';
import { blockId } from '../block-ids.ts';
import { operationRefValue, type PauseEnd, pauseEndValue, projectValue, skippedTaskValue } from '../button-values.ts';
import { commandOf, type Suggestion, suggestSkipped } from '../commands/suggestions.ts';
import { plainLabel } from './mrkdwn.ts';

/** Slack refuses a longer label. */
const maxLabelChars = 75;

/** The blocks that syncbot sends. Every Slack client shows them. */
export type Block =
  | (Omit<types.SectionBlock, 'text' | 'accessory'> & { text: types.MrkdwnElement; accessory?: Button })
  | (Omit<types.ContextBlock, 'elements'> & { elements: types.MrkdwnElement[] })
  | (Omit<types.ActionsBlock, 'elements'> & { elements: (Button | Select)[] });

/** A menu with one selected option. */
export type Select = Required<Pick<types.StaticSelect, 'type' | 'action_id' | 'placeholder'>> & {
  readonly options: Option[];
  readonly initial_option?: Option;
};
export type Option = types.PlainTextOption & Required<Pick<types.PlainTextOption, 'value'>>;

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

/** One section, and buttons below. `shown`: the text with markup. */
export function messageWithButtons(text: string, part: string, buttons: readonly Button[], shown = text): Message {
  const blocks = buttons.length === 0 ? [] : [actionsBlock(blockId(part), [...buttons])];
  return { text, blocks: [sectionBlock(shown), ...blocks] };
}

/** One section, and the suggested commands as buttons below. */
export function messageWithSuggestions(text: string, suggestions: readonly Suggestion[]): Message {
  return messageWithButtons(text, 'suggestion', suggestions.map(commandButton));
}

/** `text` is finished mrkdwn: text from outside has gone through `safeText` or `codeSpan`. */
export function sectionBlock(text: string | readonly string[], accessory?: Button): Block {
  const mrkdwn = verbatimMrkdwn(typeof text === 'string' ? text : text.join('\n'));
  return accessory === undefined ? { type: 'section', text: mrkdwn } : { type: 'section', text: mrkdwn, accessory };
}

/** The text of a message about one project. The message shortcut on that message knows the project by it. */
export function projectSection(id: string, text: string | readonly string[]): Block {
  return { ...sectionBlock(text), block_id: id };
}

export function contextBlock(text: string): Block {
  return { type: 'context', elements: [verbatimMrkdwn(text)] };
}

export function actionsBlock(blockId: string, elements: (Button | Select)[]): Block {
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
    text: plainText(label),
    action_id: actionId,
    value,
    accessibility_label: accessibilityLabel,
    ...(primary ? { style: 'primary' as const } : {}),
  };
}

export interface SelectSpec {
  readonly actionId: string;
  readonly placeholder: string;
  readonly options: readonly SelectOption[];
}

export interface SelectOption {
  readonly label: string;
  readonly value: string;
  readonly isSelected: boolean;
}

export function select({ actionId, placeholder, options }: SelectSpec): Select {
  const toOption = ({ label, value }: SelectOption): Option => ({ text: plainText(label), value });
  const selected = options.find(({ isSelected }) => isSelected);
  return {
    type: 'static_select',
    action_id: actionId,
    placeholder: plainText(placeholder),
    options: options.map(toOption),
    ...(selected === undefined ? {} : { initial_option: toOption(selected) }),
  };
}

/** The button that requests an operation. */
export function requestButton(kind: ProjectOperationKind, project: string): Button {
  return projectButton(messages.actions[kind].label, actionIds.request[kind], project);
}

/** The button that asks for the same again. A retry names tasks, which the list of skipped tasks shows. */
export function askAgainButton(kind: OperationKind, project: string): Button {
  return kind === 'retry' ? commandButton(suggestSkipped(project)) : requestButton(kind, project);
}

/** `Restore Without 1 Task`. */
export function restoreWithoutButton(project: string, tasks: number, place: 'alert' | 'dialog'): Button {
  return projectButton(messages.buttons.restoreWithout(tasks), actionIds.restoreWithout[place], project);
}

/** The button that requests a retry of one skipped task, whose name for people is `name`. */
export function retryButton(project: string, task: TaskRef, name: string): Button {
  const accessibilityLabel = plainLabel(messages.buttons.accessibilityLabels.retryTask(name), maxLabelChars);
  return button({
    label: messages.actions.retry.label,
    actionId: actionIds.retry.one,
    value: skippedTaskValue(project, task),
    accessibilityLabel,
  });
}

export function retryAllButton(project: string): Button {
  const { retryAll, accessibilityLabels } = messages.buttons;
  return button({
    label: retryAll,
    actionId: actionIds.retry.all,
    value: projectValue(project),
    accessibilityLabel: plainLabel(accessibilityLabels.retryAll(project), maxLabelChars),
  });
}

export function showButton(project: string): Button {
  return projectButton(messages.buttons.show, actionIds.show, project);
}

/** The button that shows an open dialog again. */
export function dialogButton(operation: Operation): Button {
  const { showDialog, accessibilityLabels } = messages.buttons;
  return button({
    label: showDialog,
    actionId: actionIds.showDialog,
    value: operationRefValue(refOf(operation)),
    accessibilityLabel: accessibilityLabels.onProject(showDialog, operation.project),
  });
}

/** Shows the open dialog of a batch again. */
export function batchDialogButton({ id, items }: Pick<Batch, 'id' | 'items'>): Button {
  const { showDialog, accessibilityLabels } = messages.buttons;
  return button({
    label: showDialog,
    actionId: actionIds.batch.showDialog,
    value: id,
    accessibilityLabel: accessibilityLabels.onProject(showDialog, messages.home.projects(items)),
  });
}

/** Opens the form of a command. */
export function runCommandButton(): Button {
  const label = messages.buttons.runCommand;
  return button({ label, actionId: actionIds.run.open, value: 'home', accessibilityLabel: label });
}

/** The answer to the reminder of a pause. */
export function keepPausedButton(project: string): Button {
  return projectButton(messages.buttons.keepPaused, actionIds.keepPaused, project);
}

/** What a person can do before a pause ends: move the end, restore the project now, or keep it Paused. */
export function pauseEndButtons(end: PauseEnd): Button[] {
  const { buttons } = messages;
  const { project } = end;
  const value = pauseEndValue(end);
  const { extend: extendLabel, keepPaused: keepLabel } = buttons.accessibilityLabels.pauseEnd;
  return [
    button({
      label: buttons.extendByHour,
      actionId: actionIds.pauseEnd.extend,
      value,
      accessibilityLabel: extendLabel(project),
    }),
    projectButton(buttons.restoreNow, actionIds.request.restore, project),
    button({
      label: buttons.keepPaused,
      actionId: actionIds.pauseEnd.keep,
      value,
      accessibilityLabel: keepLabel(project),
    }),
  ];
}

/** The buttons of a pause that waits until its project has caught up. */
export function waitButtons(ref: OperationRef): Button[] {
  const { pauseNow, cancel, accessibilityLabels } = messages.buttons;
  const { project } = ref;
  const value = operationRefValue(ref);
  return [
    button({
      label: cancel,
      actionId: actionIds.wait.cancel,
      value,
      accessibilityLabel: plainLabel(accessibilityLabels.wait.cancel(project), maxLabelChars),
    }),
    button({
      label: pauseNow,
      actionId: actionIds.wait.now,
      value,
      accessibilityLabel: plainLabel(accessibilityLabels.wait.now(project), maxLabelChars),
    }),
  ];
}

/** The button that opens the runbook of a project. Empty without a runbook. */
export function runbookButtons(id: string, { runbook }: Pick<ProjectDefinition, 'runbook'>): Button[] {
  return runbook === null ? [] : [{ ...projectButton(messages.buttons.runbook, actionIds.runbook, id), url: runbook }];
}

/** A button that runs a command. Its label names the project: `Pause orders`. `index`: its number in the message. */
export function commandButton(suggestion: Suggestion, index = 0): Button {
  const { reason } = suggestion;
  const label = commandLabel(suggestion);
  // The parser leaves out one `of` after `because`, so that a reason that begins with `of` stays as it is.
  const value = `${commandOf(suggestion)}${reason === null ? '' : ` because of ${reason}`}`;
  return button({ label, actionId: commandActionId(index), value, accessibilityLabel: label });
}

/** The same for a message about one project, so that the label is short: `Precheck`. */
export function shortCommandButton(
  { verb, project }: { readonly verb: 'precheck' | 'history' | 'skipped'; readonly project: string },
  index: number,
): Button {
  const long = commandButton({ verb, project, since: null, filter: null, reason: null, limit: null }, index);
  return { ...long, text: { ...long.text, text: messages.buttons[verb] } };
}

function commandLabel({ verb, project, since, filter, limit }: Suggestion): string {
  const { actions, buttons } = messages;
  const label = verb === 'start' || verb === 'pause' || verb === 'restore' ? actions[verb].label : buttons[verb];
  if (filter !== null) return plainLabel(buttons.onProject(label, filter), maxLabelChars);
  if (since !== null) return buttons.since(label, since);
  if (project === null) return label;
  const onProject = buttons.onProject(label, project);
  return limit === null ? onProject : plainLabel(buttons.onProject(onProject, limit), maxLabelChars);
}

function projectButton(label: string, actionId: string, project: string): Button {
  const accessibilityLabel = messages.buttons.accessibilityLabels.onProject(label, project);
  return button({ label, actionId, value: projectValue(project), accessibilityLabel });
}

export function plainText(text: string): types.PlainTextElement {
  return { type: 'plain_text', text, emoji: false };
}

function verbatimMrkdwn(text: string): types.MrkdwnElement {
  return { type: 'mrkdwn', text, verbatim: true };
}
