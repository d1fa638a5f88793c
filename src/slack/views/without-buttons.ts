import { isAction } from '../../domain/lifecycle.ts';
import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import { actionIds, readOperationKind } from '../action-ids.ts';
import { readOperationRef, readProjectId } from '../button-values.ts';
import { type Block, type Button, type Message, sectionBlock } from './blocks.ts';

export interface ChannelButtons {
  /** `settings.channelsWithoutButtons` of syncbot.yml. */
  readonly channelsWithoutButtons: readonly string[];
  readonly format: Formatter;
}

/** The message as it is posted to a channel. Without buttons it says with which commands people act. */
export function messageFor(channel: string, message: Message, options: ChannelButtons): Message {
  return options.channelsWithoutButtons.includes(channel) ? withoutButtons(message, options.format) : message;
}

function withoutButtons({ text, blocks }: Message, format: Formatter): Message {
  const buttons = blocks.flatMap(buttonsOf);
  if (buttons.length === 0) return { text, blocks };
  const commands = [...new Set(buttons.flatMap(commandsOf))];
  const [runbook] = buttons.flatMap(({ url }) => url ?? []);
  const { useCommands, runbookLink } = messages.withoutButtons;
  const hints = [
    ...(commands.length === 0 ? [] : [useCommands(commands.map(format.command))]),
    ...(runbook === undefined ? [] : [runbookLink(runbook)]),
  ];
  return { text: [text, ...hints].join('\n'), blocks: [...blocks.flatMap(withoutElements), sectionBlock(hints)] };
}

function buttonsOf(block: Block): Button[] {
  if (block.type === 'actions') return block.elements.filter((element) => element.type === 'button');
  return block.type === 'section' && block.accessory !== undefined ? [block.accessory] : [];
}

function withoutElements(block: Block): Block[] {
  if (block.type === 'actions') return [];
  if (block.type !== 'section') return [block];
  const { accessory: _accessory, ...section } = block;
  return [section];
}

const batchIds: readonly string[] = Object.values(actionIds.batch);

/** The command that does what the button does, else `show`, which has the same button. */
function commandsOf({ action_id: actionId, value }: Button): string[] {
  const commandIds: readonly string[] = actionIds.commands;
  if (commandIds.includes(actionId)) return [value];
  if (actionId === actionIds.batch.restore) return [`restore batch:${value}`];
  // The other buttons of a batch have no command. The id of a batch looks like that of a project.
  if (batchIds.includes(actionId)) return [];
  const ref = readOperationRef(value);
  if (ref !== null && actionId === actionIds.wait.now) return [`pause ${ref.project}`];
  // The command that cancels the wait is a button of `show`.
  const project = ref !== null && actionId === actionIds.wait.cancel ? ref.project : readProjectId(value);
  if (project === null) return [];
  const kind = readOperationKind(actionId);
  return [`${kind === null || !isAction(kind) ? 'show' : kind} ${project}`];
}
