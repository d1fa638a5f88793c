import type { types } from '@slack/bolt';
import { type Action, actions, isAllowed, transitions } from '../../domain/lifecycle.ts';
import { maxReasonLength } from '../../domain/operation.ts';
import type { Project } from '../../domain/project.ts';
import { type StateCounts, totalCount } from '../../domain/project-state.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { actionIds } from '../action-ids.ts';
import { blockId } from '../block-ids.ts';
import { projectValue } from '../button-values.ts';
import { suggestedHelp, suggestedList } from '../commands/suggestions.ts';
import type { ModalOrigin } from '../modal-metadata.ts';
import type { RunFormInputs } from '../modal-requests.ts';
import { runActionBlockId, runForm } from '../run-form-ids.ts';
import {
  actionsBlock,
  type Block,
  type Button,
  commandButton,
  contextBlock,
  type Option,
  plainText,
  sectionBlock,
  showButton,
} from './blocks.ts';
import { maxOptionChars, maxOptions } from './limits.ts';
import { modalFrame } from './modal.ts';
import { plainLabel } from './mrkdwn.ts';

const maxSelectionLength = 500;

export interface RunFormView {
  /** Those that the menu offers, the most urgent one first. */
  readonly projects: readonly Project[];
  /** How many projects there are in each state. */
  readonly counts: StateCounts;
  /** Null before the person has chosen one. */
  readonly chosen: Project | null;
  /** Why this person can only look. Null if they may change projects from where the modal was opened. */
  readonly restriction: string | null;
  /** The refusal of the last submission, as mrkdwn, and the inputs of it. Null without one. */
  readonly refused: { readonly text: string; readonly inputs: RunFormInputs } | null;
  readonly format: Formatter;
}

/**
 * The form of `/sync` without a command: project, action, reason, and the end of a pause. Next submits it. Slack sends a choice
 * in the menu at once; the answer is the form with the actions that the state of that project allows. Without that answer the
 * form has every action that some project allows, and a selection can take the place of the project. Where nothing can be
 * changed, Show submits the form and shows the project.
 */
export function buildRunForm(view: RunFormView, origin: ModalOrigin): types.ModalView {
  const { chosen, restriction, counts } = view;
  const { modal } = messages;
  const frame = modalFrame(origin);
  const buttons = actionsBlock(blockId('run', 'buttons', ...(chosen === null ? [] : [chosen.id])), [
    ...(chosen === null ? [] : [showButton(chosen.id)]),
    ...[suggestedList, suggestedHelp].map(commandButton),
  ] satisfies Button[]);
  const intro = introBlocks(view);
  if (totalCount(counts) === 0) {
    const refusal = view.refused === null ? [] : intro;
    return { ...frame, blocks: [...refusal, sectionBlock(modal.noProjects), buttons] };
  }
  const action = chosen === null ? anyActionInput(view) : actionInput(chosen);
  const hasSelection = chosen === null && restriction === null && action !== null;
  const menu = projectMenu(view, { isOptional: hasSelection });
  const showForm = { ...frame, callback_id: runForm.showCallbackId, submit: plainText(messages.buttons.show) };
  if (restriction !== null) return { ...showForm, blocks: [...intro, menu, buttons, contextBlock(restriction)] };
  const reasons = chosen === null ? [] : modal.notPossible(chosen.state);
  const submit = { callback_id: runForm.callbackId, submit: plainText(modal.next) };
  return {
    ...(action === null ? showForm : { ...frame, ...submit, close: plainText(messages.buttons.cancel) }),
    blocks: [
      ...intro,
      menu,
      ...(hasSelection ? [selectionInput(view)] : []),
      ...(chosen === null || view.refused !== null ? [] : [sectionBlock(projectLines(chosen, view.format))]),
      ...(action === null ? [] : [action, reasonInput(view)]),
      ...(canPause(view) ? [whenInput(view), limitInput(view)] : []),
      ...(reasons.length === 0 ? [] : [contextBlock(reasons.join('\n'))]),
      buttons,
    ],
  };
}

function introBlocks({ chosen, restriction, refused }: RunFormView): Block[] {
  const { modal } = messages;
  if (refused !== null) return [sectionBlock(refused.text)];
  if (restriction !== null) return [sectionBlock(modal.chooseToLook)];
  return chosen === null ? [sectionBlock(modal.chooseProject)] : [];
}

function projectLines(project: Project, format: Formatter): string[] {
  return [joinDots(`*${project.id}*`, messages.states[project.state]), messages.modal.since(project, format)];
}

/** The menu of projects. A menu holds 100 options; Slack asks the bot for those of a longer one while the person types. */
function projectMenu(
  { projects, counts, chosen, restriction }: RunFormView,
  { isOptional }: { readonly isOptional: boolean },
): types.InputBlock {
  const { modal } = messages;
  const total = totalCount(counts);
  const action_id = restriction === null ? actionIds.run.project : actionIds.show;
  const options = projects.map(projectOption);
  const chosenOption =
    total > maxOptions && chosen !== null ? projectOption(chosen) : options.find(({ value }) => value === chosen?.id);
  const initial = chosenOption === undefined ? {} : { initial_option: chosenOption };
  return {
    type: 'input',
    block_id: runForm.projectBlockId,
    dispatch_action: true,
    optional: isOptional,
    label: plainText(modal.project),
    element:
      total > maxOptions
        ? {
            type: 'external_select',
            action_id,
            placeholder: plainText(modal.moreProjects(total)),
            min_query_length: 0,
            ...initial,
          }
        : { type: 'static_select', action_id, placeholder: plainText(modal.placeholder), options, ...initial },
  };
}

export function projectOption({ id, state }: Project): Option {
  return { text: plainText(plainLabel(messages.modal.option(id, state), maxOptionChars)), value: projectValue(id) };
}

/** The action that the state of the project allows. Null while it allows none. */
function actionInput({ id, state, version }: Project): types.InputBlock | null {
  const [first, ...others] = actionOptions((action) => isAllowed(state, action));
  if (first === undefined) return null;
  return {
    type: 'input',
    block_id: runActionBlockId(id, version),
    label: plainText(messages.modal.action),
    element: {
      type: 'radio_buttons',
      action_id: runForm.actionInput,
      options: [first, ...others],
      initial_option: first,
    },
  };
}

/** The actions that some project allows. Null while none allows any. */
function anyActionInput({ counts, refused }: RunFormView): types.InputBlock | null {
  const offered = offeredActions(counts);
  if (offered.length === 0) return null;
  const [chosen] = actionOptions((action) => action === refused?.inputs.action && offered.includes(action));
  return {
    type: 'input',
    block_id: runForm.anyActionBlockId,
    optional: true,
    label: plainText(messages.modal.action),
    hint: plainText(messages.modal.actionHint(offered)),
    element: {
      type: 'radio_buttons',
      action_id: runForm.actionInput,
      options: actionOptions((action) => offered.includes(action)),
      ...(chosen === undefined ? {} : { initial_option: chosen }),
    },
  };
}

function offeredActions(counts: StateCounts): Action[] {
  return actions.filter((action) => transitions[action].from.some((state) => counts[state] > 0));
}

function actionOptions(isOffered: (action: Action) => boolean): Option[] {
  return actions
    .filter(isOffered)
    .map((action) => ({ text: plainText(messages.actions[action].label), value: action }));
}

function canPause({ chosen, counts }: RunFormView): boolean {
  return chosen === null ? offeredActions(counts).includes('pause') : isAllowed(chosen.state, 'pause');
}

/** Several projects, in place of the one in the menu. */
function selectionInput({ refused }: RunFormView): types.InputBlock {
  const { modal } = messages;
  return {
    ...textInput(runForm.selectionInput, refused?.inputs.selection, {
      maxLength: maxSelectionLength,
      placeholder: modal.selectionPlaceholder,
    }),
    block_id: runForm.selectionBlockId,
    label: plainText(modal.selection),
    hint: plainText(modal.selectionHint),
  };
}

function reasonInput({ refused }: RunFormView): types.InputBlock {
  const { modal } = messages;
  return {
    ...textInput(runForm.reasonInput, refused?.inputs.reason, {
      maxLength: maxReasonLength,
      placeholder: modal.reasonPlaceholder,
    }),
    block_id: runForm.reasonBlockId,
    label: plainText(modal.reason),
  };
}

/** When a pause begins: at once, or when the project has caught up. */
function whenInput({ refused }: RunFormView): types.InputBlock {
  const { modal } = messages;
  const atOnce = { text: plainText(modal.atOnce), value: runForm.atOnce };
  const caughtUp = { text: plainText(modal.whenCaughtUp), value: runForm.whenCaughtUp };
  return {
    type: 'input',
    optional: true,
    block_id: runForm.whenBlockId,
    label: plainText(modal.when),
    hint: plainText(modal.whenHint),
    element: {
      type: 'radio_buttons',
      action_id: runForm.whenInput,
      options: [atOnce, caughtUp],
      initial_option: refused?.inputs.whenCaughtUp === true ? caughtUp : atOnce,
    },
  };
}

/** When a pause ends. */
function limitInput({ refused }: RunFormView): types.InputBlock {
  const { modal } = messages;
  return {
    ...textInput(runForm.limitInput, refused?.inputs.limit, { maxLength: 100, placeholder: modal.limitPlaceholder }),
    block_id: runForm.limitBlockId,
    label: plainText(modal.limit),
  };
}

/** `typed`: what the person typed before. */
function textInput(
  actionId: string,
  typed: string | undefined,
  { maxLength, placeholder }: { readonly maxLength: number; readonly placeholder: string },
): Pick<types.InputBlock, 'type' | 'optional' | 'element'> {
  return {
    type: 'input',
    optional: true,
    element: {
      type: 'plain_text_input',
      action_id: actionId,
      max_length: maxLength,
      placeholder: plainText(placeholder),
      ...(typed === undefined || typed === '' ? {} : { initial_value: typed }),
    },
  };
}
