import type { types } from '@slack/bolt';
import { actions, isAllowed } from '../../domain/lifecycle.ts';
import { maxReasonLength } from '../../domain/operation.ts';
import type { Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { suggestedHelp, suggestedList } from '../commands/suggestions.ts';
import { actionIds, blockId, type ModalOrigin, projectValue, runActionBlockId, runForm } from '../contract.ts';
import {
  actionsBlock,
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

export interface RunFormView {
  /** Those that the menu offers, the most urgent one first. */
  readonly projects: readonly Project[];
  /** How many projects there are. */
  readonly total: number;
  /** Null before the person has chosen one. */
  readonly chosen: Project | null;
  /** Why this person can only look. Null if they may change projects from where the modal was opened. */
  readonly restriction: string | null;
  readonly format: Formatter;
}

/** The form of `/sync` without a command: project, action, reason. Without a project that can be changed there is no submit. */
export function buildRunForm(view: RunFormView, origin: ModalOrigin): types.ModalView {
  const { chosen, restriction } = view;
  const { modal } = messages;
  const buttons = actionsBlock(blockId('run', 'buttons'), [suggestedList, suggestedHelp].map(commandButton));
  const frame = modalFrame(origin);
  if (view.total === 0) return { ...frame, blocks: [sectionBlock(modal.noProjects), buttons] };
  const menu = projectMenu(view);
  if (restriction !== null)
    return { ...frame, blocks: [sectionBlock(modal.chooseToLook), menu, buttons, contextBlock(restriction)] };
  if (chosen === null) return { ...frame, blocks: [sectionBlock(modal.chooseProject), menu, buttons] };
  const inputs = actionInputs(chosen);
  const submit = inputs.length === 0 ? {} : { callback_id: runForm.callbackId, submit: plainText(modal.next) };
  const reasons = modal.notPossible(chosen.state);
  return {
    ...frame,
    ...submit,
    blocks: [
      menu,
      sectionBlock(projectLines(chosen, view.format)),
      ...inputs,
      ...(reasons.length === 0 ? [] : [contextBlock(reasons.join('\n'))]),
      actionsBlock(blockId('run', 'buttons', chosen.id), [
        showButton(chosen.id),
        ...[suggestedList, suggestedHelp].map(commandButton),
      ] satisfies Button[]),
    ],
  };
}

function projectLines(project: Project, format: Formatter): string[] {
  return [joinDots(`*${project.id}*`, messages.states[project.state]), messages.modal.since(project, format)];
}

/** The menu of projects. A menu holds 100 options; Slack asks the bot for those of a longer one while the person types. */
function projectMenu({ projects, total, chosen, restriction }: RunFormView): types.ActionsBlock {
  const { modal } = messages;
  const action_id = restriction === null ? actionIds.run.project : actionIds.show;
  const initial = chosen === null ? {} : { initial_option: projectOption(chosen) };
  const element: types.ActionsBlockElement =
    total > maxOptions
      ? {
          type: 'external_select',
          action_id,
          placeholder: plainText(modal.moreProjects(total)),
          min_query_length: 0,
          ...initial,
        }
      : {
          type: 'static_select',
          action_id,
          placeholder: plainText(modal.placeholder),
          options: projects.map(projectOption),
          ...initial,
        };
  return { type: 'actions', block_id: blockId('run', 'project'), elements: [element] };
}

export function projectOption({ id, state }: Project): Option {
  return { text: plainText(plainLabel(messages.modal.option(id, state), maxOptionChars)), value: projectValue(id) };
}

/** The allowed actions and the reason. Empty while no action is allowed. */
function actionInputs({ id, state, version }: Project): types.InputBlock[] {
  const { modal, actions: words } = messages;
  const [first, ...others] = actions
    .filter((action) => isAllowed(state, action))
    .map((action) => ({ text: plainText(words[action].label), value: action }));
  if (first === undefined) return [];
  return [
    {
      type: 'input',
      block_id: runActionBlockId(id, version),
      label: plainText(modal.action),
      element: {
        type: 'radio_buttons',
        action_id: runForm.actionInput,
        options: [first, ...others],
        initial_option: first,
      },
    },
    {
      type: 'input',
      block_id: blockId('run', 'reason'),
      label: plainText(modal.reason),
      optional: true,
      element: {
        type: 'plain_text_input',
        action_id: runForm.reasonInput,
        max_length: maxReasonLength,
        placeholder: plainText(modal.reasonPlaceholder),
      },
    },
  ];
}
