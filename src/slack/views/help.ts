import { messages } from '../../messages/catalog.ts';
import type { Formatter } from '../../messages/format.ts';
import { contextBlock, type Message, sectionBlock } from './blocks.ts';

/** The commands. */
export function buildHelp(format: Formatter): Message {
  const { help } = messages;
  return {
    text: `${help.intro} ${help.listHint(format)}`,
    blocks: [
      sectionBlock(help.intro),
      sectionBlock(help.commands(format)),
      sectionBlock(help.confirmation(format)),
      contextBlock(help.permissions),
    ],
  };
}
